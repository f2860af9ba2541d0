// The table that compares our rate codes with published ones. The quoted figures are the only ones of the page that do
// not come from runs here.
import { shownOf } from "./series.mjs";
import { grouped, percent, table } from "./tables.mjs";

const quoted = [
  ["ResNet-20, CIFAR-10, various conversions without retraining", "16", "68–94 %", "95.7 %"],
  ["ResNet-18, ImageNet, various conversions", "32", "12–65 %", "69.8 %"],
];
/** Measured by this project with another library and another network, before llif existed. */
const elsewhere = [
  ["a residual CIFAR-10 network of this project, SpikingJelly 2.0, scales `max`", "32", "31 %", "87.5 %"],
  ["the same", "256", "79 %", "87.5 %"],
  ["the same, scales `99.9%`, at best", "–", "81 %", "87.5 %"],
];
const reading = {
  rate: "all layers at once",
  "rate-signed": "all layers at once, signed spikes",
  "rate-layerwise": "layer after layer",
};

export function publishedTable(measured) {
  const ours = measured.flatMap(([network, jobs, runs]) => {
    const shown = shownOf(jobs, runs).filter(({ part }) => part.startsWith("first"));
    return Object.entries(reading).flatMap(([code, words]) =>
      shown
        .filter((job) => job.code === code)
        .flatMap(({ name }) => {
          const report = runs.find((run) => run.name === name)?.manifest?.report;
          if (report === undefined) return [];
          return [
            [
              `${network}, CIFAR-10, llif, ${words}`,
              `measured here, ${grouped(report.samples)} images`,
              grouped(report.latencyTicks),
              percent(report.spikingAccuracy),
              percent(report.reluAccuracy),
            ],
          ];
        }),
    );
  });
  const rows = [
    ...ours,
    ...quoted.map(([network, ...rest]) => [network, "**published by others**, not measured here", ...rest]),
    ...elsewhere.map(([network, ...rest]) => [
      network,
      "measured earlier, with that library; not repeated here",
      ...rest,
    ]),
  ];
  return [
    "The rows differ in networks, images and training, so they show usual orders of magnitude and are not a contest. The published ranges are quoted as this project's goals state them.",
    table(["network and conversion", "where from", "ticks to a decision", "spiking, right", "float, right"], rows, 2),
  ].join("\n\n");
}
