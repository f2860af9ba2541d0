// Writes docs/performance.md from the measured rows.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ResultRow } from "../ts/bench/case.ts";
import { measuredBounds } from "./bounds.ts";
import type { Environment } from "./environment.ts";
import { goalOf } from "./goals.ts";
import { resultsFolder } from "./paths.ts";
import { growthExponents } from "./suites/growth.ts";
import { layerSeconds, networkSeconds } from "./suites/peer-cases.ts";
import { bestBatches, summaryTable } from "./summary.ts";
import { milliseconds, ratio } from "./text.ts";

/** What each suite compares, and how its answers are checked before anything is timed. */
const sections: Readonly<Record<string, { readonly title: string; readonly text: string; readonly bounds: string }>> = {
  reference: {
    title: "Against plain TypeScript",
    text: `\`simulator.run\` of the WebAssembly engine and of the reference engine: encoding the input, simulating, reading counts. The check: counts of
every neuron, charges of every output, numbers of spikes and of synaptic operations are equal. The reference adds one typed-array row for each spike, untiled; its
operations a second stand beside the ratio, so that one can see that it is no straw man. Plain names are the layerwise exact code with 32 ticks; \`-phase\` has 8 ticks of falling
weight; \`-rate-…\` is synchronous float32, \`constant\` and \`ohmic\` its leak. Whole networks run on real test images: the plain name is 8-bit \`phase\` (ResNet-50: 10 bits), \`-ttfs\` 8-bit \`ttfs\`, \`-rate-t…\` is as mapped, and \`-rate-ohmic-t…\` the same
weights and thresholds with an ohmic leak, a time constant of 20 ticks.`,
    bounds: `The reference engine by plain JavaScript: one addition at a time, each with a bounds check. Ours by loads: a vector load for every eight (i16) or four (f32) additions, from addresses that the spikes choose, so that the first-level cache and not the adder sets the pace; short windows at low activity also pay for encoding the input and reading counts, which are in the time. More ticks than 32 change little, as cost is linear in spikes.`,
  },
  native: {
    title: "Against the same core as a native program",
    text: `The same Rust sources compiled natively: once held to the 128 bits that WebAssembly has, once with all that the processor has (\`target-cpu=native\`). Input is encoded
beforehand and results are not read, on both sides. The check: the digest of counts and charges is the reference engine's.`,
    bounds: `V8's code for the inner loop: it moves the loads of a row ahead of its sums and spills a register where the Rust compiler does not. \`native-full\` may use wider vectors, which helps dense layers and long rows only: a row of a spike is loaded once and has few lanes.`,
  },
  limit: {
    title: "Against the machine",
    text: `\`load-add\` is a loop of nothing but vector loads and additions into eight registers, over a buffer in the first level cache (16k), in the second (256k) and beyond all
caches (64m), in WebAssembly and natively. \`ceiling\` is that loop, in WebAssembly from the first level cache, doing as many lane additions as the kernel has synaptic
operations; \`ceiling-…-rows\` loads the same number of rows (128 bytes: eight vectors) in random order from that cache, by addresses in a list, as spikes name them; \`ceiling-…-packed\` takes them in random order out of as many bytes as the layer's packed weights have, chunk after chunk.
\`row-add\` is the loop over rows in random order, in the first level cache, in the second and (\`packed-8m\`) beyond it in chunks of 128 KiB, each row twice, against the same bytes in order. The goal is for \`ceiling\` in order. A kernel does more than add: it reads the list of spikes, doubles, compares with thresholds and writes spikes; and it loads a row wherever the spike
sends it. A synaptic operation that shares a load with another counts fully, so that a ratio above 1 is possible.`,
    bounds: `The loop reads its buffer in order and from the first level cache. A kernel reads the row that a spike names, out of weights that do not fit there, and then has the list of spikes to read, thresholds to compare and spikes to write. Of dense layers the bytes are the greater part (8-bit weights would halve them, but the largest weight of every mapped layer here that receives spikes is 235 or more), of convolutions, where few spikes reach a position in a tick, what is not adding.`,
  },
  "drop-in": {
    title: "Against a simulator of one's own",
    text: `examples/drop-in: a simulator of dense leaky layers as one writes it by hand in TypeScript, and the import that replaces it. The check: counts of every neuron are equal.`,
    bounds: `As above: the plain simulator adds one number at a time.`,
  },
  dnn: {
    title: "Against the ReLU network itself",
    text: `A whole spiking simulation in 8-bit \`phase\` (the plain name) or \`ttfs\` (\`-ttfs\`; ResNet-50: 10 bits), against one forward pass of the ReLU network it was mapped from, one image at a time, one thread.
The check: onnxruntime's logits are our float pass's up to rounding, and the spiking network's within a twentieth of their range. onnxruntime-node uses vectors of the processor's full width.
An event-driven simulation does an addition for each spike and target; a forward pass does a multiplication and an addition for each weight, once, in dense blocks that
need one load for several operations. So the spiking network wins where few neurons spike and layers are dense, and loses where activity adds up. \`ttfs\` sends at most one spike a neuron, \`phase\` one for each bit that is set; both give the same decisions.`,
    bounds: `Synaptic operations: their number grows with the spikes of a window, while a forward pass has a fixed number of products, in blocks that use a loaded weight several times. onnxruntime-node also has vectors of the processor's full width, which WebAssembly has not.`,
  },
  growth: {
    title: "How cost grows",
    text: `One dense layer in float32 \`rate\`; one thing grows, the rest stays. The exponent is that of the best power law through the medians: 1 is linear. Memory is that of the
WebAssembly instance after a run, less that of one without a network. \`workers\` is a pool of one worker against one of two, on images of the MNIST CNN, \`workers-decisions\` the same without counts; \`workers-machine\` is the load-and-add loop in two threads that share nothing, against one. The check: every step equals the reference engine.`,
    bounds: `Spikes times targets: whatever multiplies these multiplies the time; weights that outgrow a cache multiply it too, which is why neurons, whose weights grow with their square here, have an exponent above one. Ticks add no memory beyond their spikes. Memory grows in pages of 64 KiB and never shrinks, so that small networks look worse than they are. Networks of many neurons and few weights take more than the goal says: the count of every neuron, which is the result, and in synchronous \`rate\` its membrane potential are as large as the spikes of the widest window, and neither is in the divisor; lists of spikes grow by doubling. Of what two workers lack, the counts of every neuron are the greater part: each result takes new memory, which the thread that asks keeps and collects while both processors are busy. A batch whose results have no counts (\`record: { counts: false }\`, \`workers-decisions\`) loses less.`,
  },
  runtimes: {
    title: "The same in every runtime",
    text: `One bundle in each runtime, one after the other; each takes its own times. The check is the point of this suite: digests of all results are identical in every one.`,
    bounds: `All but Firefox compile WebAssembly with V8 or JavaScriptCore; times differ by compiler, results may not.`,
  },
  peers: {
    title: "Against Python simulators",
    text: `The same weights, inputs and number of ticks on the CPU. In the peers on PyTorch the linear maps of all ticks are one batched call, and the constant first layer is computed
once, which is the fastest form that they have; only the neurons are each library's own. They run at batch 1, 16 and the best of 1, 4, 16, 64 and 256, with one thread and, at their best (SpikingJelly: at all three), with all. The best is looked for once a library and layer or network, upwards until a batch is slower than the one before; with all threads among the best of one thread and the next larger. A batch whose run would take over 6 s is left out, and the runs of the peers of a case may take ${layerSeconds} s (layers) or ${networkSeconds} s (networks): of what is over, the best on one thread stays. \`leftOut\` says what is missing. Brian2 simulates sample after sample in one run, set-up not counted, with code that it
compiles through Cython and as a C++ program; a convolution is a list of synapses there, millions of them, so it takes part in dense cases only. \`simulator.run\` of ours takes one sample at a time on one thread; \`wasm, all threads\` is \`pool()\`.

The check for layers: every neuron's count is equal (weights lie on a grid that float32 sums exactly; Norse's neuron resets hard, so ours does there). For the layerwise exact code, whose window integrates before it fires, counts are within 2 on average. For networks
logits agree within 2 % of their range; where peers pool spikes by OR, which is not the ReLU network's maximum, or reset hard, accuracy stands beside time and tells what that costs.

The base of the ratios of networks is ours in synchronous float32 \`rate\`, as the peers are synchronous. \`wasm, layerwise exact\` is ours with as many ticks in integers: every layer integrates a whole window before it fires, so that a decision comes only after L + 1 windows, L the layers of the longest path (\`windows\`),
where synchronous ones give theirs in one; its logits are checked against the reference engine's.

\`-decision\` is the time to a decision as accurate as the float network's: ours in 8-bit \`phase\` and \`ttfs\`, each under its name, of which the faster comes first and is the base of all ratios (\`wasm, all threads\` is \`ttfs\`); SpikingJelly with the fewest ticks (of 8, 16, 32, 64 and, unless the run was quick, 128) within half a point, or its most accurate; and few-spike networks in plain PyTorch with our scales and integers, checked
to give our logits within 2 % of their range: \`fewspike-ticks\` sends the spikes of each tick through the synapses; \`fewspike\` sums a neuron's weighted spikes first and applies each layer once, as the code published with few-spike neurons does; \`fewspike-compiled\` is that under \`torch.compile\`.

\`-conversion\` is the time to convert a network with the same 1,000 training images on one thread (sinabs looks at none), with the accuracy of what comes out. The check: each peer's ReLU network has our logits before it is converted. snnTorch and Norse have no converter of ReLU networks, Brian2 neither.`,
    bounds: `Peers built on PyTorch multiply dense matrices by spikes whether there are any or not, at the processor's full vector width; their time hardly falls with activity, and the neurons' element-wise work, one call an operation and tick, comes on top. A large batch shares each loaded weight among its samples. So ours wins by the share of silent inputs, and least at high activity, in large batches and wide layers. Few-spike networks whose spikes are summed before the synapse need one matrix product a layer, as a forward pass, and, compiled, at the processor's full vector width and in a batch, that is faster than adding spike by spike in 128 bits: no saving by silence is possible there, and none is needed. Brian2 is event-driven too, one synapse at a time. Converting is mostly the float pass over the calibration images: PyTorch's matrix products use the processor's full width and cache blocks, ours are WebAssembly's; integers of 8-bit \`phase\` are proven and rounded besides.`,
  },
};

/** docs/performance.md, all of it from the measured rows. */
export function performancePage(rows: readonly ResultRow[], machines: Readonly<Record<string, Environment>>): string {
  const measured = Object.keys(sections).filter((suite) => rows.some((row) => row.suite === suite));
  const parts = [
    `# Performance

\`npm run bench\` measured every number here and wrote this page from bench/results/latest.json; change neither by hand.
**Ratio = the contender's time / ours**: above 1, ours is faster.

${summaryTable(rows)}

Contents: ${measured.map((suite) => `[${sections[suite].title}](#${anchor(sections[suite].title)})`).join(" · ")}${measured.length === 0 ? "" : " · "}[How to repeat](#how-to-repeat)

## How to repeat

Each case first checks that all contenders give the same answer, then warms up until times fall no more, then times them in turn in one run, round after round. What one thread does stays on one processor
(on Linux, by \`taskset\`), the runner and the programs that it asks: the processors of a virtual machine are not equally fast. Times are
medians for one sample, with the fastest and the slowest round; a contender whose run takes over 0.3 s has three rounds, others up to 15; a wide span, or a high load, says that the machine was not quiet. A ✗ marks a ratio that falls short of its goal.

\`\`\`
npm run bench                                    reference, native, limit, drop-in and dnn
npm run bench -- --suite all --quick             everything, with fewer cases, contenders and rounds, as long a warm-up
npm run bench -- --suite peers                   after bench/peers/setup.sh, which installs PyTorch and the others
npm run bench -- --suite growth,runtimes
npm run bench -- --suite reference --case mnist-cnn
npm run bench -- --list
\`\`\``,
    ...measured.map((suite) =>
      section(
        suite,
        rows.filter((row) => row.suite === suite),
        machines[suite],
      ),
    ),
  ];
  return `${parts.join("\n\n")}\n`;
}

const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");

function section(suite: string, rows: readonly ResultRow[], machine: Environment | undefined): string {
  const { title, text, bounds } = sections[suite];
  const chart = existsSync(join(resultsFolder, `${suite}.svg`)) ? `\n\n![${title}](../bench/results/${suite}.svg)` : "";
  const measured = machine === undefined ? "" : `\n\n${describe(machine)}`;
  const said = summary(suite, rows);
  return `## ${title}\n\n${text}${measured}${said === "" ? "" : `\n\n${said}`}\n\n**What bounds it.** ${bounds}${measuredBounds(suite, rows)}${chart}\n\n<details><summary>${rows.length} rows</summary>\n\n${table(rows)}\n\n</details>`;
}

function describe({ processor, cores, system, node, rustc, commit, load }: Environment): string {
  return `Measured on ${processor}, ${cores} cores, ${system}; Node ${node}, ${rustc}; commit ${commit}; load of the machine at the end: ${load}.`;
}

/** What the numbers say, where it can be computed from them. */
function summary(suite: string, rows: readonly ResultRow[]): string {
  if (suite === "growth")
    return `Fitted exponents: ${[...growthExponents(rows)].map(([name, exponent]) => `${name} ${exponent.toFixed(2)}`).join(", ")}.`;
  if (suite === "runtimes") return sameEverywhere(rows);
  const aimed = (suite === "peers" ? bestBatches(rows) : rows).filter((row) => goalOf(row) !== undefined);
  const reached = aimed.filter((row) => row.ratio >= (goalOf(row) as number)).length;
  const faster = rows
    .filter((row) => row.ratio < 1 && !row.contender.startsWith("wasm") && !row.contender.startsWith("llif"))
    .map(({ case: name, contender, ratio: share }) => `${contender} on \`${name}\` (${ratio(share)})`);
  const slower =
    suite === "limit" || suite === "native" || suite === "runtimes"
      ? ""
      : faster.length === 0
        ? "No contender was faster than ours."
        : `**Faster than ours:** ${faster.join(", ")}.`;
  const goals =
    aimed.length === 0
      ? ""
      : `${reached} of ${aimed.length} ratios reach their goal${suite === "peers" ? ", with each peer's best batch on one thread" : ""}.`;
  return [goals, slower].filter((part) => part !== "").join(" ");
}

/** The suite's check is equality: rows are there only where it held. */
function sameEverywhere(rows: readonly ResultRow[]): string {
  const versions = new Map(rows.map(({ contender, more }) => [contender, more?.["version"]]));
  return `All digests identical in ${[...versions].map(([name, version]) => `${name} (${version})`).join(", ")}.`;
}

const names: Readonly<Record<string, string>> = {
  additionsPerWeightByte: "additions for each weight byte",
  memoryBytes: "memory",
  weightBytes: "weights",
  spikeBytes: "spikes of the widest window",
  paddingBytes: "padding",
  resultBytes: "results",
  stateBytes: "state",
  synapticOperations: "synaptic operations",
  memoryOverNeed: "memory / both",
};

function table(rows: readonly ResultRow[]): string {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row.more ?? {})))].filter(
    (key) => key !== "value" && key !== "version",
  );
  const header = [
    "case",
    "contender",
    "median",
    "fastest – slowest",
    "rounds",
    "ratio",
    "goal",
    "operations/s",
    ...keys,
  ];
  const body = rows.map((row) => {
    const goal = goalOf(row);
    const rate = row.operationsPerSecond === undefined ? "" : `${(row.operationsPerSecond / 1e9).toFixed(2)} G`;
    const marked = goal === undefined ? "" : `${goal}${row.ratio >= goal ? "" : " ✗"}`;
    return [
      row.case,
      row.contender,
      milliseconds(row.medianMs),
      `${milliseconds(row.minMs)} – ${milliseconds(row.maxMs)}`,
      String(row.rounds),
      ratio(row.ratio),
      marked,
      rate,
      ...keys.map((key) => more(row, key)),
    ];
  });
  const used = header.map((_, column) => column < 6 || body.some((cells) => cells[column] !== ""));
  const line = (cells: readonly string[]) => `| ${cells.filter((_, column) => used[column]).join(" | ")} |`;
  const named = header.map((name) => names[name] ?? name);
  return [line(named), line(header.map((_, column) => (column < 2 ? "---" : "---:"))), ...body.map(line)].join("\n");
}

function more(row: ResultRow, key: string): string {
  const value = row.more?.[key];
  if (value === undefined) return "";
  return key.endsWith("Bytes") ? `${(Number(value) / 2 ** 20).toFixed(2)} MiB` : String(value);
}
