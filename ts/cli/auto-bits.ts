// `--bits auto`: chooses the fewest bits that change no decision on calibration images.
import { LlifError } from "../errors.ts";
import { slice, type ImageDataset } from "../data/dataset.ts";
import { createFloatPass } from "../engine/passes/float.ts";
import { createTwinPass } from "../engine/passes/twin.ts";
import { chooseBits } from "../mapping/choose-bits.ts";
import { rulesOf } from "../spiking/code.ts";
import { codeOf } from "../spiking/code-options.ts";
import { mostBits } from "../spiking/codes/rules.ts";
import { clippingOf } from "../mapping/clipping.ts";
import { argmax } from "../relu/forward.ts";
import type { ReluNetwork } from "../relu/network.ts";
import { outputsOf } from "../spiking/network.ts";
import { maximaOf } from "./calibrate.ts";
import type { Io } from "./io.ts";
import type { MappingChoice } from "./options.ts";
import { convert } from "./pipeline.ts";
import type { Calibration } from "./calibrate.ts";
import { formatCount } from "./text.ts";

const batchSize = 64;

/**
 * `--bits auto`: the fewest bits with which the quantised twin decides every held-out calibration image as the float
 * network does.
 * @returns the same choice if bits were given.
 */
export async function settleBits(
  model: ReluNetwork,
  choice: MappingChoice,
  calibration: Calibration | null,
  io: Io,
): Promise<MappingChoice> {
  if (choice.automatic !== true) return choice;
  const { automatic: _, ...rest } = choice;
  const heldOut = calibration?.heldOut ?? null;
  if (heldOut === null)
    throw new LlifError(
      "ARGUMENT",
      "--bits auto: expected --calibration <set> of at least two images, some of which decide",
    );
  const wanted = await floatDecisions(model, heldOut);
  const { bits, trials, refused } = await chooseBits(
    async (bits) => {
      const decided = await twinDecisions(model, { ...rest, bits }, calibration, heldOut, io);
      return decided.filter((decision, index) => decision !== wanted[index]).length;
    },
    { to: Math.min(12, mostBits(rulesOf(codeOf(choice)))), signal: io.signal },
  );
  const tried = trials.map((trial) => `${trial.bits}: ${trial.disagreements}`).join(", ");
  const last = trials[trials.length - 1];
  const found =
    last.disagreements === 0
      ? `the fewest without a disagreement on ${formatCount(heldOut.count)} held-out images`
      : `the fewest disagreements on ${formatCount(heldOut.count)} held-out images; no number of bits had none`;
  io.err(`--bits auto: ${bits} bits, ${found} (${tried})`);
  if (refused !== null) io.err(`warning: no more bits were tried: ${refused}`);
  if (last.disagreements > 0) await adviseOnClipping(model, { ...rest, bits }, calibration, heldOut, io);
  return { ...rest, bits };
}

/** Names the layers whose activations exceed their scales, the worst first: more bits do not help there. */
async function adviseOnClipping(
  model: ReluNetwork,
  choice: MappingChoice,
  calibration: Calibration | null,
  heldOut: ImageDataset,
  io: Io,
): Promise<void> {
  const network = await convert(model, choice, calibration, io);
  const clipping = clippingOf(network, model, await maximaOf(model, heldOut, calibration?.cached !== false, io)).sort(
    (a, b) => b.worst - a.worst,
  );
  io.progress("");
  for (const { advice } of clipping.slice(0, 3)) io.err(`warning: ${advice}`);
}

async function floatDecisions(model: ReluNetwork, data: ImageDataset): Promise<number[]> {
  const pass = await createFloatPass(model);
  try {
    return decisions(data, (batch) => pass.run(batch.images, batch.count).outputs[model.outputs[0]]);
  } finally {
    pass.dispose();
  }
}

async function twinDecisions(
  model: ReluNetwork,
  choice: MappingChoice,
  calibration: Calibration | null,
  data: ImageDataset,
  io: Io,
): Promise<number[]> {
  const network = await convert(model, choice, calibration, io);
  const [output] = outputsOf(network);
  const twin = await createTwinPass(network);
  try {
    return decisions(data, (batch) => twin.run(batch.images, batch.count).charges[output.name]);
  } finally {
    twin.dispose();
  }
}

function decisions(data: ImageDataset, run: (batch: ImageDataset) => ArrayLike<number>): number[] {
  const found: number[] = [];
  for (let first = 0; first < data.count; first += batchSize) {
    const batch = slice(data, first, first + batchSize);
    const values = Float64Array.from(run(batch));
    const classes = values.length / batch.count;
    for (let index = 0; index < batch.count; index++)
      found.push(argmax(values.subarray(index * classes, (index + 1) * classes)));
  }
  return found;
}
