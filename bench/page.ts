// Writes docs/performance.md from the measured rows.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ResultRow } from "../ts/timing/case.ts";
import { measuredBounds } from "./bounds.ts";
import type { Environment } from "./environment.ts";
import { goalOf } from "./goals.ts";
import { resultsFolder } from "./paths.ts";
import { growthExponents } from "./suites/growth.ts";
import { layerSeconds, networkSeconds } from "./suites/peer-cases.ts";
import { bestBatches, summaryTable } from "./summary.ts";
import { milliseconds, ratio } from "./text.ts";

/** What each suite compares, how its answers are checked before anything is timed, and what limits each side. */
const sections: Readonly<Record<string, { readonly title: string; readonly text: string; readonly bounds: string }>> = {
  reference: {
    title: "Against plain TypeScript",
    text: `\`simulator.run\` in the WebAssembly engine and in the reference engine; the time includes encoding the input, simulating, and reading counts.

- **Check:** counts of every neuron, charges of every output, and the numbers of spikes and of synaptic operations are equal.
- **The reference engine** adds one typed-array row for each spike, untiled. Its operations per second stand beside the ratio, to show that it is a fair opponent.
- **Single layers:** the plain name is the layerwise exact code with 32 ticks; \`-phase\` has 8 ticks whose weight halves each tick; \`-rate-…\` is synchronous float32 with a \`constant\` or \`ohmic\` leak.
- **Whole networks** run on real test images: the plain name is 8-bit \`phase\` (ResNet-50: 10 bits), \`-ttfs\` is 8-bit \`ttfs\`, \`-rate-t…\` is synchronous rate as mapped, and \`-rate-ohmic-t…\` has the same weights and thresholds with an ohmic leak (time constant: 20 ticks).`,
    bounds: `The reference engine is limited by plain JavaScript: one addition at a time, each with a bounds check. The WebAssembly engine is limited by loads: one vector load for every eight (i16) or four (f32) additions, from addresses that the spikes choose, so the first-level cache sets the pace, not the adder.

With short windows and low activity, encoding the input and reading counts also take a noticeable share. More than 32 ticks change little, because cost is linear in spikes.`,
  },
  native: {
    title: "Against the same core as a native program",
    text: `The same Rust sources compiled natively: once with 128-bit vectors, as WebAssembly has, and once with everything that the processor has (\`target-cpu=native\`). On both sides the input is encoded beforehand and results are not read. **Check:** the digest of counts and charges is the reference engine's.`,
    bounds: `V8's code for the inner loop: it moves the loads of a row ahead of its sums and spills a register, which the Rust compiler does not. \`native-full\` may use wider vectors; they help only dense layers and long rows, because the row of a spike is loaded once and has few lanes.`,
  },
  limit: {
    title: "Against the machine",
    text: `How close the kernels come to a loop of nothing but vector loads and additions.

- \`load-add\` is that loop, with sums in eight registers, over a buffer in the first-level cache (16k), in the second (256k) and beyond all caches (64m), in WebAssembly and natively.
- \`ceiling\` is that loop in WebAssembly, from the first-level cache, with as many lane additions as the kernel makes. The goal is for this one.
- \`ceiling-…-rows\` loads the same number of rows (128 bytes: eight vectors) from that cache in random order, by addresses in a list, as spikes name them.
- \`ceiling-…-packed\` loads them in random order from as many bytes as the layer's packed weights have, chunk after chunk.
- \`row-add\` compares rows in random order with the same bytes in order: in the first-level cache, in the second, and (\`packed-8m\`) beyond it in chunks of 128 KiB, each row twice.

A kernel does more than add: it reads the list of spikes, doubles, compares with thresholds, writes spikes, and loads a row wherever a spike points. In layerwise \`rate\` it makes fewer additions than synaptic operations: a row is added once for each 1 of a count. Operations a second count synaptic operations.`,
    bounds: `The loop reads its buffer in order from the first-level cache. A kernel reads the rows that spikes name, from weights that do not fit in that cache; it also reads the list of spikes, compares thresholds and writes spikes.

In dense layers, the bytes to read are the greater part. (8-bit weights would halve them, but in every mapped layer here that receives spikes the largest weight is 235 or more.) In convolutions, where few spikes reach a position in a tick, the work that is not addition is the greater part.`,
  },
  "drop-in": {
    title: "Against a hand-written simulator",
    text: `examples/drop-in has a simulator of dense leaky layers as one writes it by hand in TypeScript, and the import that replaces it. **Check:** counts of every neuron are equal.`,
    bounds: `The hand-written simulator adds one number at a time.`,
  },
  dnn: {
    title: "Against the ReLU network itself",
    text: `A whole spiking simulation in 8-bit \`phase\` (the plain name) or \`ttfs\` (\`-ttfs\`; ResNet-50: 10 bits), against one forward pass of the ReLU network that it was mapped from: one image at a time, one thread. onnxruntime-node uses vectors of the processor's full width.

**Check:** onnxruntime's logits equal our float pass's up to rounding, and the spiking network's logits are within a twentieth of their range.

An event-driven simulation makes one addition for each spike and target. A forward pass makes one multiplication and one addition for each weight, once, in dense blocks that reuse each load. So the spiking network wins where few neurons spike and layers are dense, and loses where activity is high. \`ttfs\` sends at most one spike a neuron, \`phase\` one for each bit that is set; both give the same decisions.`,
    bounds: `The number of synaptic operations, which grows with the spikes of a window. A forward pass has a fixed number of products, in blocks that use each loaded weight more than once. onnxruntime-node also has the processor's full vector width, which WebAssembly has not.`,
  },
  live: {
    title: "Networks of any wiring",
    text: `One run of a network of LIF neurons from its first tick on, every spike recorded, in ticks of 0.1 ms. Times are those that the process spent on a processor; building a network (\`buildSeconds\`, which includes what a simulator compiles) is not part of them.

- \`cuba\`: the benchmark of Brette et al. 2007 with 4,000 and 40,000 neurons, two currents, 80 connections to each neuron; 1 s.
- \`brunel-12500\`: Brunel 2000, 15.6 million delta synapses with a delay of 1.5 ms, Poisson input drawn in the loop; 0.2 s.
- \`fly\`: 138,000 neurons as in the whole-brain model of Shiu et al. 2024 (one current of 5 ms, delay 1.8 ms, refractory 2.2 ms), 2.8 or 15 million random connections, mean rates near 0.2 and 2.5 Hz (\`rateHz\` is measured), driven by spikes from outside; 0.5 s.
- \`dense-2000\`: 2,000 neurons, all to all, delay 1 ms; 1 s. \`stdp-1000\`: 1,000 Poisson sources to 1,000 neurons, all to all, with weights that learn by pairs of spikes; 1 s.
- \`synapses\` and \`activity\`: the fly's neurons, 100 connections each. Neurons grow with the synapses at 2.5 Hz, or the rate grows at 4 million synapses.

**Check:** the spikes of the native program, of Chromium and of plain TypeScript are llif's, one by one; plain TypeScript's Poisson input and learning round and draw otherwise, so there its number of spikes is within 5 %, and so it is for every Python simulator.

- **Plain TypeScript** has typed arrays, connections by source, lists of spikes for the delay, and, in the fly, a bit for each neuron that is awake.
- **Brian2** compiles a C++ program (\`brian2 (C++)\`), or code through Cython; both in float32 with the compiler options it chooses, \`method="exact"\`, one thread. It has llif's own connections.
- **ANNarchy** compiles C++ in float32; it and **NEST** draw connections of the same number by rules of their own. NEST goes on where its last run ended.`,
    bounds: `A spike costs one read, addition and write at an address that its target chooses, so networks that outgrow a cache are limited by memory; a neuron that is awake costs a few vector operations a tick, whether it spikes or not. WebAssembly has vectors of 128 bits and no scatter; compilers of native programs have neither limit. Random connections are the worst case for neurons at rest: one spike wakes neurons everywhere.`,
  },
  growth: {
    title: "How cost grows",
    text: `One dense layer in float32 \`rate\`; one quantity grows, the rest stays fixed. **Check:** every step equals the reference engine.

- The exponent is from the best power law through the medians: 1 is linear.
- Memory is the WebAssembly instance's after a run, less the memory of an instance without a network.
- \`workers\` compares a pool of one worker with a pool of two, on images of the MNIST CNN; \`workers-decisions\` does so without counts.
- \`workers-machine\` compares the load-and-add loop in one thread with the loop in two threads that share nothing.`,
    bounds: `Time is spikes times targets, and weights that outgrow a cache cost more. The weights here grow with the square of the number of neurons, so neurons have an exponent above one.

Ticks add no memory beyond their spikes. Memory grows in pages of 64 KiB and never shrinks, so small networks look worse than they are. Networks of many neurons and few weights exceed the goal: the count of every neuron (the result) and, in synchronous \`rate\`, its membrane potential are as large as the spikes of the widest window, and the divisor contains neither. Lists of spikes grow by doubling.

Two workers lose most by the counts of every neuron: each result takes new memory, which the main thread receives and frees while both processors are busy. A batch without counts (\`record: { counts: false }\`, \`workers-decisions\`) loses less.`,
  },
  runtimes: {
    title: "The same in every runtime",
    text: `One bundle, run in each runtime after the other; each runtime takes its own times. The **check** is the point of this suite: the digests of all results are identical in all of them.`,
    bounds: `The compiler: all but Firefox compile WebAssembly with V8 or JavaScriptCore. Times differ, results may not.`,
  },
  peers: {
    title: "Against Python simulators",
    text: `The same weights, inputs and number of ticks on the CPU.

- **PyTorch libraries:** the linear maps of all ticks are one batched call, and the constant first layer is computed once, which is the fastest form these libraries allow. Only the neurons are each library's own.
- **Batches:** 1, 16, and the best of 1, 4, 16, 64 and 256, with one thread; with all threads only the best (SpikingJelly: all three). The best batch is searched once per library and layer or network, upwards until a batch is slower than the one before; with all threads, among the best of one thread and the next larger.
- **Left out** (\`leftOut\` in the rows): a batch whose run would take over 6 s, and whatever exceeds the time of a case, ${layerSeconds} s for layers and ${networkSeconds} s for networks. The best batch on one thread always runs.
- **Brian2** simulates sample after sample in one run, with code that it compiles through Cython or as a C++ program; its set-up is not counted. It runs dense cases only, because in Brian2 a convolution is a list of millions of synapses.
- **llif:** \`simulator.run\` takes one sample at a time on one thread; \`wasm, all threads\` is \`pool()\`.

**Check for layers:** every neuron's count is equal. Weights lie on a grid that float32 sums exactly; Norse's neuron has a hard reset, so ours has one there too. The layerwise exact code integrates a whole window before it fires, so its counts need only be within 2 on average.

**Check for networks:** logits agree within 2 % of their range. Some libraries pool spikes by OR, which is not the ReLU network's maximum, or reset hard; there the accuracy beside the time shows the cost.

In the network cases, ratios are relative to llif in synchronous float32 \`rate\`, because the other simulators are synchronous. \`wasm, layerwise exact\` is llif with as many ticks in integers: every layer integrates a whole window before it fires, so a decision takes L + 1 windows, where L is the number of layers on the longest path (\`windows\`). Synchronous networks need one. Its logits are checked against the reference engine's.

**\`-decision\`** is the time until a decision is as accurate as the float network's:

- llif in 8-bit \`phase\` and in \`ttfs\`; the faster one comes first and all ratios are relative to it (\`wasm, all threads\` is \`ttfs\`).
- SpikingJelly with the fewest ticks (of 8, 16, 32, 64 and, except in quick runs, 128) that come within half a point, or else the most accurate.
- Few-spike networks in plain PyTorch with our scales and integers, checked to give our logits within 2 % of their range. \`fewspike-ticks\` sends the spikes of each tick through the synapses; \`fewspike\` sums a neuron's weighted spikes first and applies each layer once, as the code published with few-spike neurons does; \`fewspike-compiled\` is the same under \`torch.compile\`.

**\`-conversion\`** is the time to convert a network with the same 1,000 training images on one thread (sinabs uses none), with the accuracy of the result. Check: before conversion, each library's ReLU network has our logits. snnTorch, Norse and Brian2 have no converter for ReLU networks.`,
    bounds: `PyTorch libraries multiply dense matrices by spikes, whether there are spikes or not, at the processor's full vector width. Their time hardly falls with activity, and each element-wise operation of the neurons is one more call per tick. A large batch shares each loaded weight among its samples. So llif wins by the share of silent inputs; it wins least at high activity, in large batches and in wide layers.

Few-spike networks that sum spikes before the synapse need one matrix product a layer, like a forward pass. Compiled, in a batch and at full vector width, this is faster than adding spike by spike in 128 bits: they need no saving from silence, and have none. Brian2 is event-driven too, one synapse at a time.

Conversion is mostly the float pass over the calibration images. PyTorch's matrix products use the processor's full vector width and cache blocks, ours run in WebAssembly; for 8-bit \`phase\` llif also rounds to integers and proves their range.`,
  },
};

/** The text of docs/performance.md. */
export function performancePage(rows: readonly ResultRow[], machines: Readonly<Record<string, Environment>>): string {
  const measured = Object.keys(sections).filter((suite) => rows.some((row) => row.suite === suite));
  const parts = [
    `# Performance

\`npm run bench\` measured every number here and wrote this page from bench/results/latest.json; change neither by hand.
**Ratio = the contender's time / llif's**: above 1, llif is faster.

${summaryTable(rows)}

Contents: ${measured.map((suite) => `[${sections[suite].title}](#${anchor(sections[suite].title)})`).join(" · ")}${measured.length === 0 ? "" : " · "}[How to repeat](#how-to-repeat)

## How to repeat

Each case first checks that all contenders give the same answer. Then it warms up until times stop falling, and times the contenders in turn, round after round, in one process. Single-threaded work stays on one processor (on Linux, by \`taskset\`), because the processors of a virtual machine are not equally fast.

Times are medians for one sample, with the fastest and the slowest round. A contender whose run takes over 0.3 s has three rounds, others up to 15. A wide span or a high load means that the machine was busy. ✗ marks a ratio that misses its goal.

\`\`\`
npm run bench                                    reference, native, limit, drop-in and dnn
npm run bench -- --suite all --quick             everything, with fewer cases, contenders and rounds, as long a warm-up
npm run bench -- --suite peers                   after bench/peers/setup.sh, which installs PyTorch and the others
npm run bench -- --suite live                    after bench/peers/setup.sh brian2 annarchy nest; without, these are left out
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
  return `## ${title}\n\n${text}${measured}${said === "" ? "" : `\n\n${said}`}\n\n**What limits it.** ${bounds}${measuredBounds(suite, rows)}${chart}\n\n<details><summary>${rows.length} rows</summary>\n\n${table(rows)}\n\n</details>`;
}

function describe({ processor, cores, system, node, rustc, commit, load }: Environment): string {
  return `Measured on ${processor}, ${cores} cores, ${system}; Node ${node}, ${rustc}; commit ${commit}; load of the machine at the end: ${load}.`;
}

/** One sentence that sums up a suite's rows. */
function summary(suite: string, rows: readonly ResultRow[]): string {
  if (suite === "growth") return fitted(rows);
  if (suite === "runtimes") return sameEverywhere(rows);
  const aimed = (suite === "peers" ? bestBatches(rows) : rows).filter((row) => goalOf(row) !== undefined);
  const reached = aimed.filter((row) => row.ratio >= (goalOf(row) as number)).length;
  const faster = rows
    .filter((row) => row.ratio < 1 && !isOurs(row))
    .map(({ case: name, contender, ratio: share }) => `${contender} on \`${name}\` (${ratio(share)})`);
  const slower =
    suite === "limit" || suite === "native" || suite === "runtimes"
      ? ""
      : faster.length === 0
        ? "No contender was faster than llif."
        : `**Faster than llif:** ${faster.join(", ")}.`;
  const goals =
    aimed.length === 0
      ? ""
      : `${reached} of ${aimed.length} ratios reach their goal${suite === "peers" ? ", with each peer's best batch on one thread" : ""}.`;
  return [goals, slower, suite === "live" ? fitted(rows) : ""].filter((part) => part !== "").join(" ");
}

/** llif itself, in whatever form: also natively, in a page, and with another value of what grows. */
const isOurs = ({ suite, contender, more }: ResultRow): boolean =>
  /^(wasm|llif)/.test(contender) ||
  (suite === "live" && (["native-128", "Chromium"].includes(contender) || more?.["value"] !== undefined));

function fitted(rows: readonly ResultRow[]): string {
  const exponents = [...growthExponents(rows)].map(([name, exponent]) => `${name} ${exponent.toFixed(2)}`);
  return exponents.length === 0 ? "" : `Fitted exponents: ${exponents.join(", ")}.`;
}

/** Only runtimes whose results are equal have rows. */
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
