// The tables of docs/results.md. A run without a manifest was not made or has failed; its row says so.

export const percent = (share) => `${(100 * share).toFixed(2)} %`;
export const compact = (value) =>
  new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
export const grouped = (value) => value.toLocaleString("en-US");
export const microjoules = (picojoules) =>
  Number((picojoules / 1e6).toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });

export function table(header, rows, left = 1) {
  return [header, header.map((_, column) => (column < left ? "---" : "---:")), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** With real-valued times there are windows but no ticks. */
const ticksOrWindows = (report, ticks) => (report.levels === 0 ? `${ticks} windows` : grouped(ticks));

/** One row per run. @param partial whether runs differ in their number of images, which then has columns of its own. */
export function codesTable(runs, partial) {
  const rows = runs.map(({ label, failed, manifest }) => {
    if (manifest === undefined)
      return [label, ...(partial ? ["–", "–"] : []), failed ?? "not run", ...new Array(7).fill("–")];
    const { report } = manifest;
    const [low, high] = report.intervals.disagreements;
    return [
      label,
      ...(partial ? [grouped(report.samples), percent(report.reluAccuracy)] : []),
      percent(report.spikingAccuracy),
      String(report.disagreements),
      `${low.toFixed(1)}–${high.toFixed(1)}`,
      report.twinMismatches === null ? "–" : String(report.twinMismatches),
      ticksOrWindows(report, report.latencyTicks),
      report.levels === 0 ? "1 window" : `${grouped(report.intervalTicks)} ticks`,
      compact(report.spikesPerSample),
      compact(report.synapticOperationsPerSample),
    ];
  });
  return table(
    [
      "code",
      ...(partial ? ["images", "float, right"] : []),
      partial ? "spiking, right" : "right",
      "decisions that differ",
      "95 %",
      "twin mismatches",
      "ticks to a decision",
      "an image every",
      "spikes",
      "synaptic operations",
    ],
    rows,
  );
}

/** One row per tick of each run of refined phase. @param from [bits, the first tick that is shown]. */
export function ticksTable(runs, from) {
  const rows = runs.flatMap(({ label, manifest: { report } }) =>
    report.perTick
      .filter(({ tick }) => tick >= from(report.windowTicks))
      .map(({ tick, accuracy, disagreements, twinMismatches, intervals, ...cost }) => {
        const [low, high] = intervals.disagreements;
        return [
          label,
          String(tick),
          percent(accuracy),
          String(disagreements),
          `${low.toFixed(1)}–${high.toFixed(1)}`,
          twinMismatches === null ? "–" : String(twinMismatches),
          compact(cost.spikesPerSample),
          compact(cost.synapticOperationsPerSample),
        ];
      }),
  );
  return table(
    ["code", "ticks", "right", "decisions that differ", "95 %", "twin mismatches", "spikes", "synaptic operations"],
    rows,
  );
}

export function energyTable(runs) {
  const rows = runs.map(({ label, manifest: { report } }) => {
    const { spiking, quantized, float } = report.energy;
    const parts = (one) => (one === null ? "–" : microjoules(one.picojoules.total));
    return [
      label,
      grouped(report.samples),
      percent(report.spikingAccuracy),
      compact(spiking.Effective_MACs),
      compact(spiking.Effective_ACs),
      percent(spiking.ActivationSparsity),
      parts(spiking),
      parts(quantized),
      parts(float),
      quantized === null ? "–" : `${(spiking.picojoules.total / quantized.picojoules.total).toFixed(2)}×`,
    ];
  });
  return table(
    [
      "code",
      "images",
      "right",
      "Effective_MACs",
      "Effective_ACs",
      "ActivationSparsity",
      "spiking, µJ",
      "quantised, zeros skipped, µJ",
      "float, µJ",
      "spiking / quantised",
    ],
    rows,
  );
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean ± standard deviation, in percent; a single value has no deviation. */
export function spreadText(shares) {
  const center = mean(shares);
  if (shares.length === 1 || new Set(shares).size === 1) return percent(center);
  const deviation = Math.sqrt(shares.reduce((sum, share) => sum + (share - center) ** 2, 0) / (shares.length - 1));
  return `${(100 * center).toFixed(2)} ± ${(100 * deviation).toFixed(2)} %`;
}

/** One row for each group of runs that differ only in a seed. */
export function spreadTable(jobs, runs) {
  const byName = new Map(runs.map((run) => [run.name, run]));
  const groups = new Map();
  for (const job of jobs) groups.set(job.group, [...(groups.get(job.group) ?? []), job]);
  const rows = [...groups.values()].map((group) => {
    const [{ model, label, differ }] = group;
    const reports = group.flatMap(({ name }) => byName.get(name)?.manifest?.report ?? []);
    const head = [
      `${model}, ${label}`,
      differ,
      reports.length === group.length ? String(group.length) : `${reports.length} of ${group.length}`,
    ];
    if (reports.length === 0) return [...head, "–", "–", "–", "not run"];
    return [
      ...head,
      grouped(reports[0].samples),
      spreadText(reports.map(({ reluAccuracy }) => reluAccuracy)),
      spreadText(reports.map(({ spikingAccuracy }) => spikingAccuracy)),
      reports.map(({ disagreements }) => disagreements).join(", "),
    ];
  });
  return table(
    [
      "model and code",
      "seed of",
      "runs",
      "images",
      "float, right",
      "spiking, right",
      "decisions that differ, run by run",
    ],
    rows,
    2,
  );
}
