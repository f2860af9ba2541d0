// Suite `reference`: the WebAssembly engine against plain TypeScript.
import { referenceEngine, wasmEngine } from "../../ts/index.ts";
import { benchCase, type BenchCase } from "../../ts/timing/case.ts";
import { layerCases, ohmicLeakFactor } from "../../ts/timing/layer-cases.ts";
import { layerNetwork, randomSpikes } from "../../ts/timing/layers.ts";
import { openSimulation } from "../../ts/timing/simulators.ts";
import { modelCases, models, phase, phase10, rate, resnet50, ttfs } from "../models.ts";
import type { SuiteOptions } from "../suite.ts";
import { stepCases } from "./steps.ts";

/** Skipped: the reference takes seconds for each run, and the case of half the activity has the same ratio. */
const tooLong = (name: string) => name.startsWith("conv") && name.includes("a10") && name.endsWith("t1024");
/** Cases that a quick run skips: it keeps long runs only for dense layers. */
const leftOut = (name: string) =>
  tooLong(name) ||
  name.includes("-rate-ohmic-t32") ||
  (name.startsWith("conv") && /-t(256|1024)$/.test(name) && !name.startsWith("conv-8x8x256-a05-rate-constant-t256"));

/** Small networks over hundreds of ticks, as mapped and with an ohmic leak; one image is enough. */
function longRuns(quick: boolean): ReturnType<typeof modelCases> {
  const codes = (quick ? [256] : [256, 1024]).flatMap((ticks) => [rate(ticks), rate(ticks, ohmicLeakFactor)]);
  return modelCases(
    codes,
    models.filter(({ data }) => data === "mnist").map((spec) => ({ ...spec, reference: 1 })),
  );
}

/** The cases of suite `reference`. */
export function referenceSuite({ quick }: SuiteOptions): BenchCase[] {
  const engines = [wasmEngine(), referenceEngine()];
  const layers = layerCases([32, 256, 1024])
    .filter(({ name }) => !(quick ? leftOut : tooLong)(name))
    .map(({ name, layer, code }) =>
      benchCase("reference", name, () => {
        const network = layerNetwork(layer, code);
        return openSimulation(
          engines,
          network,
          [{ spikes: randomSpikes(network, code.ticks, code.activity) }],
          code.code === "rate" ? { ticks: code.ticks } : {},
        );
      }),
    );
  const mapped = (cases: ReturnType<typeof modelCases>) =>
    cases.map(({ name, open }) =>
      benchCase("reference", name, async () => {
        const { network, images, reference } = await open();
        return openSimulation(engines, network, images.slice(0, reference));
      }),
    );
  return [
    ...layers,
    ...mapped(modelCases([phase, ttfs, rate(32)])),
    ...mapped(longRuns(quick)),
    ...(quick ? [] : mapped(modelCases([phase10], [resnet50]))),
    ...stepCases(),
  ];
}
