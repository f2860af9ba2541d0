// What several areas of the table of the public API use: networks, engines, and kinds of arguments.
import * as llif from "../../../ts/index.ts";
import { optional, required, type Argument } from "../values.ts";

export interface Row {
  /** Of the export, or `what.method`. */
  readonly name: string;
  readonly call: (...values: never[]) => unknown;
  readonly values: readonly Argument[];
}

export const row = (name: string, call: (...values: never[]) => unknown, ...values: Argument[]): Row => ({
  name,
  call,
  values,
});

export const relu = llif
  .reluNetwork({ input: [2, 2, 1] })
  .dense({ weights: { shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, index) => (index % 5) / 4 - 0.4) } })
  .relu()
  .dense({ weights: { shape: [2, 3], data: Float32Array.of(1, -0.5, 0.25, -1, 0.5, 0.75) } })
  .build();
export const images = Array.from({ length: 12 }, (_, index) =>
  Uint8Array.of(20 * index, 255 - 20 * index, 9 * index, 128),
);
export const phase = await llif.toSpiking(relu, { calibration: images, bits: 4 });
export const rate = await llif.toSpiking(relu, { calibration: images, code: "rate", ticks: 8 });
export const image = images[3];
export const data = llif.imageDataset({
  name: "d",
  split: "test",
  shape: [2, 2, 1],
  images: Uint8Array.from(images.flatMap((pixels) => [...pixels])),
  labels: new Uint8Array(12),
  classes: ["a", "b"],
});
export const floatPass = await llif.createFloatPass(relu, { keep: ["relu1"] });
export const simulator = await llif.createSimulator(phase, { engine: "reference" });
export const earlySimulator = await llif.createSimulator(rate, {
  engine: "reference",
  record: llif.earlyRecording(rate),
});
export const exit = llif.earlyExit(rate) as llif.EarlyExit;
export const run = simulator.run(image);
export const values = Object.fromEntries(llif.forward(relu, llif.inputFromPixels(relu, image)));

export const relus = required("network", "object", relu);
export const spiking = required("network", "object", phase);
export const signal = optional("signal", "signal", new AbortController().signal);
export const onProgress = optional("onProgress", "function", () => undefined);

export const biological = [
  required("capacitanceFarad", "positive", 1e-10),
  required("thresholdVolt", "number", 0.015),
  required("dtSeconds", "positive", 1e-4),
  optional("restVolt", "number", 0),
  optional("resetVolt", "number", 0),
  optional("leakCurrentAmpere", "number", 0),
  optional("resistanceOhm", "positive", 1e8),
  optional("injectedCurrentAmpere", "number", 0),
  optional("initialVolt", "number", 0),
  optional("floorVolt", "number", -1),
  optional("refractorySeconds", "atLeastZero", 0),
  optional("refractoryInput", "choice", "discard"),
];

/** With the parts that only live networks have. */
export const biologicalLive = [
  ...biological.filter(({ name }) => name !== "refractoryInput"),
  optional("refractoryClamp", "strings", ["v"]),
  optional("currents", "record", { g: { timeConstantSeconds: 5e-3 } }),
  optional("adaptation", "object", { amperePerSpike: 1e-12, timeConstantSeconds: 0.1 }),
];
