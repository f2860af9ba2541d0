// What docs/results.md says of phase with all layers at once, tick by tick.
import { ahead, laziness } from "./series.mjs";
import { compact, grouped, table, ticksTable } from "./tables.mjs";

/** The first tick that the tables and plots show: before it nearly all decisions are guesses. */
export const firstTick = (bits) => (bits === 8 ? 4 : bits);

export function refinedParts(whole) {
  const runs = whole.filter(({ manifest }) => manifest?.report.perTick !== undefined);
  if (runs.length === 0) return [];
  const [exact, equal, usual, layers] = ["phase-refined", "phase-refined-lazy", "phase-refined-ahead", "phase"].map(
    (wanted) =>
      whole.find(({ code, manifest }) => code === wanted && manifest?.report.windowTicks === 8)?.manifest.report,
  );
  return [
    "### Phase with all layers at once, tick by tick",
    ticksTable(runs, firstTick),
    [
      "Ticks alone prove nothing here: a neuron may send more than one spike in a tick, and later spikes correct earlier ones, so spikes and operations are told beside ticks; with no limit on spikes, a single tick would do.",
      ...(usual === undefined || layers === undefined
        ? []
        : [
            `At 8 bits, ${grouped(usual.latencyTicks)} ticks and ${operations(usual)} make the decisions that layer after layer takes ${grouped(layers.latencyTicks)} ticks and ${operations(layers)} for.`,
          ]),
      `Layers near the input are up to ${ahead} quanta ahead (\`--ahead ${ahead}\`), and a neuron keeps a count that is near enough until the last tick (\`--lazy ${laziness}\`), so only the last tick has a twin.`,
      ...(equal === undefined || exact === undefined
        ? []
        : [`With equal quanta in all layers it is ${operations(equal)}; without laziness too, ${operations(exact)}.`]),
      "Without laziness every tick has a twin, whatever is ahead (docs/mathematics.md, T14).",
    ].join(" "),
  ];
}

const operations = ({ spikesPerSample, synapticOperationsPerSample }) =>
  `${compact(spikesPerSample)} spikes (${compact(synapticOperationsPerSample)} operations)`;

/** What other quanta and another laziness cost. */
export function choicesParts(jobs, runs) {
  const done = jobs.flatMap((job) => {
    const report = runs.find(({ name }) => name === job.name)?.manifest?.report;
    return report === undefined ? [] : [{ ...job, report }];
  });
  if (done.length === 0) return [];
  const rows = done.map(({ quanta, lazy, ahead: skipped, report }) => [
    quanta,
    String(skipped),
    lazy === 0.5 ? "none" : String(lazy),
    String(report.latencyTicks),
    String(report.disagreements),
    String(report.twinMismatches),
    compact(report.spikesPerSample),
    compact(report.synapticOperationsPerSample),
  ]);
  return [
    "## Other quanta and laziness",
    `Phase with all layers at once, 8 bits, ResNet-20, the first ${grouped(done[0].report.samples)} test images. Whatever the choice, a run ends at the same twin. Three ticks (16,4,1 with 0.5 ahead) decide as well as eight for few more operations, and even a single tick does, for more of them: ticks alone prove nothing. Ternary quanta gain nothing. Quanta that are finer in layers near the input (ahead) save more than laziness does. Tried with a prototype, on training images: a laziness of its own for each layer or each tick saves next to nothing.`,
    table(
      [
        "quanta",
        "ahead",
        "laziness",
        "ticks",
        "decisions that differ",
        "twin mismatches",
        "spikes",
        "synaptic operations",
      ],
      rows,
    ),
  ];
}
