import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ResultRow } from "../ts/bench/case.ts";
import type { Environment } from "./environment.ts";
import { goalOf } from "./goals.ts";
import { resultsFolder } from "./paths.ts";
import { fittedExponent } from "./suites/growth.ts";
import { milliseconds, ratio } from "./text.ts";

/** What each suite compares, and how its answers are checked before anything is timed. */
const sections: Readonly<Record<string, { readonly title: string; readonly text: string }>> = {
  reference: {
    title: "Against plain TypeScript",
    text: `\`simulator.run\` of the WebAssembly engine and of the reference engine: encoding the input, simulating, reading counts. The check: counts of
every neuron, charges of every output, numbers of spikes and of synaptic operations are equal. The reference adds one typed-array row for each spike, untiled; its
operations a second stand beside the ratio, so that one can see that it is no straw man. Plain names are the layerwise exact code with 32 ticks; \`-phase\` has 8 ticks of falling
weight; \`-rate-…\` is synchronous float32. Whole networks run on real test images: the plain name is 8-bit \`phase\`.`,
  },
  native: {
    title: "Against the same core as a native program",
    text: `The same Rust sources compiled natively: once held to the 128 bits that WebAssembly has, once with all that the processor has (\`target-cpu=native\`). Input is encoded
beforehand and results are not read, on both sides. The check: the digest of counts and charges is the reference engine's.`,
  },
  limit: {
    title: "Against the machine",
    text: `\`load-add\` is a loop of nothing but vector loads and additions into eight registers, over a buffer in the first level cache (16k), in the second (256k) and beyond all
caches (64m), in WebAssembly and natively. \`ceiling\` is that loop, in WebAssembly from the first level cache, doing as many lane additions as the kernel has synaptic
operations. A kernel does more than add: it reads the list of spikes, doubles, compares with thresholds and writes spikes; and it loads a row wherever the spike
sends it. A synaptic operation that shares a load with another counts fully, so that a ratio above 1 is possible.`,
  },
  "drop-in": {
    title: "Against a simulator of one's own",
    text: `examples/drop-in: a simulator of dense leaky layers as one writes it by hand in TypeScript, and the import that replaces it. The check: counts of every neuron are equal.`,
  },
  dnn: {
    title: "Against the ReLU network itself",
    text: `A whole spiking simulation in 8-bit \`phase\`, against one forward pass of the ReLU network it was mapped from, one image at a time, one thread.
The check: onnxruntime's logits are our float pass's up to rounding, and the spiking network's within a twentieth of their range. onnxruntime-node uses vectors of the processor's full width.
An event-driven simulation does an addition for each spike and target; a forward pass does a multiplication and an addition for each weight, once, in dense blocks that
need one load for several operations. So the spiking network wins where few neurons spike and layers are dense, and loses where activity in 8 ticks adds up.`,
  },
  growth: {
    title: "How cost grows",
    text: `One dense layer in float32 \`rate\`; one thing grows, the rest stays. The exponent is that of the best power law through the medians: 1 is linear. Memory is that of the
WebAssembly instance after a run, less that of one without a network. \`workers\` is a pool of one worker against one of two, on images of the MNIST CNN. The check: every step equals the reference engine.`,
  },
  runtimes: {
    title: "The same in every runtime",
    text: `One bundle in each runtime, one after the other; each takes its own times. The check is the point of this suite: digests of all results are identical in every one.`,
  },
  peers: {
    title: "Against Python simulators",
    text: `The same weights, inputs and number of ticks on the CPU. Linear maps of all ticks are one batched call in every peer, and the constant first layer is computed
once, which is the fastest form that they have; only the neurons are each library's own. \`simulator.run\` of ours takes one sample at a time on one thread. The check for layers: every neuron's count is equal
(weights lie on a grid that float32 sums exactly; Norse's neuron resets hard, so ours does there). For the layerwise exact code, whose window integrates before it fires, counts are within 2 on average.
For networks accuracy stands beside time, since peers pool spikes by OR, which is not the ReLU network's maximum. \`-decision\` is the time to a decision as accurate as the float network's: ours in 8-bit \`phase\`; SpikingJelly with
the fewest ticks (of 8, 16, 32, …, 256) within half a point, or its most accurate; and few-spike networks in plain PyTorch with our scales and integers, checked to give our logits within 2 % of their range: \`fewspike-ticks\` sends the spikes of each tick
through the synapses; \`fewspike\` sums a neuron's weighted spikes first and applies each layer once, as the code published with few-spike neurons does, so that its cost is a forward pass's; \`fewspike-compiled\` is that under \`torch.compile\`.`,
  },
};

/** docs/performance.md, all of it from the measured rows. */
export function performancePage(rows: readonly ResultRow[], machines: Readonly<Record<string, Environment>>): string {
  const measured = Object.keys(sections).filter((suite) => rows.some((row) => row.suite === suite));
  const parts = [
    `# Performance

\`npm run bench\` measured every number here and wrote this page from bench/results/latest.json; change neither by hand. Each case first checks that all contenders
give the same answer, then warms up, then times them in turn in one run, round after round. **Ratio = the contender's time / ours**: above 1, ours is faster. Times are
medians for one sample, with the fastest and the slowest round; a wide span, or a high load, says that the machine was not quiet. A ✗ marks a ratio that falls short of its goal.

\`\`\`
npm run bench                                    reference, native, limit, drop-in and dnn
npm run bench -- --suite peers                   after bench/peers/setup.sh, which installs PyTorch and the others
npm run bench -- --suite growth,runtimes
npm run bench -- --suite reference --case mnist-cnn
npm run bench -- --list
\`\`\``,
    ...measured.map((suite) => section(suite, rows.filter((row) => row.suite === suite), machines[suite])),
  ];
  return `${parts.join("\n\n")}\n`;
}

function section(suite: string, rows: readonly ResultRow[], machine: Environment | undefined): string {
  const { title, text } = sections[suite];
  const chart = existsSync(join(resultsFolder, `${suite}.svg`)) ? `\n\n![${title}](../bench/results/${suite}.svg)` : "";
  return `## ${title}\n\n${text}\n\n${machine === undefined ? "" : `${describe(machine)}\n\n`}${summary(suite, rows)}${table(rows)}${chart}`;
}

function describe({ processor, cores, system, node, rustc, commit, load }: Environment): string {
  return `Measured on ${processor}, ${cores} cores, ${system}; Node ${node}, ${rustc}; commit ${commit}; load of the machine at the end: ${load}.`;
}

/** What the numbers say, where it can be computed from them. */
function summary(suite: string, rows: readonly ResultRow[]): string {
  const aimed = rows.filter((row) => goalOf(row) !== undefined);
  if (suite === "growth") return `${exponents(rows)}\n\n`;
  if (aimed.length === 0) return "";
  const reached = aimed.filter((row) => row.ratio >= (goalOf(row) as number)).length;
  const faster = rows.filter((row) => row.ratio < 1).map(({ case: name, contender }) => `${contender} on \`${name}\``);
  const slower = faster.length === 0 || suite === "limit" || suite === "native" ? "" : ` Faster than ours: ${faster.join(", ")}.`;
  return `${reached} of ${aimed.length} ratios reach their goal.${slower}\n\n`;
}

function exponents(rows: readonly ResultRow[]): string {
  const names = [...new Set(rows.map((row) => row.case))];
  const lines = names.filter((name) => name !== "workers").map((name) => {
    const points = rows.filter((row) => row.case === name).map((row) => [Number(row.more?.["value"]), row.medianMs] as const);
    return `${name} ${fittedExponent(points).toFixed(2)}`;
  });
  return `Fitted exponents: ${lines.join(", ")}.`;
}

function table(rows: readonly ResultRow[]): string {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row.more ?? {})))].filter((key) => key !== "value");
  const header = ["case", "contender", "median", "fastest – slowest", "ratio", "goal", "operations/s", ...keys];
  const body = rows.map((row) => {
    const goal = goalOf(row);
    const rate = row.operationsPerSecond === undefined ? "" : `${(row.operationsPerSecond / 1e9).toFixed(2)} G`;
    const marked = goal === undefined ? "" : `${goal}${row.ratio >= goal ? "" : " ✗"}`;
    return [row.case, row.contender, milliseconds(row.medianMs), `${milliseconds(row.minMs)} – ${milliseconds(row.maxMs)}`, ratio(row.ratio), marked, rate, ...keys.map((key) => more(row, key))];
  });
  const used = header.map((_, column) => column < 5 || body.some((cells) => cells[column] !== ""));
  const line = (cells: readonly string[]) => `| ${cells.filter((_, column) => used[column]).join(" | ")} |`;
  const named = header.map((name) => (name === "additionsPerWeightByte" ? "additions for each weight byte" : name === "memoryBytes" ? "memory" : name === "weightBytes" ? "weights" : name));
  return [line(named), line(header.map((_, column) => (column < 2 ? "---" : "---:"))), ...body.map(line)].join("\n");
}

function more(row: ResultRow, key: string): string {
  const value = row.more?.[key];
  if (value === undefined) return "";
  return key.endsWith("Bytes") ? `${(Number(value) / 2 ** 20).toFixed(2)} MiB` : String(value);
}
