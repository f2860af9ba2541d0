// The part of docs/performance.md that explains, from measurements, what limits each suite.
import { median } from "../ts/timing/runner.ts";
import type { ResultRow } from "../ts/timing/case.ts";
import { memoryGoal } from "./summary.ts";
import { ratio } from "./text.ts";

/** What measurements say about the limits of a suite; empty where it was not measured. */
export function measuredBounds(suite: string, rows: readonly ResultRow[]): string {
  const parts =
    suite === "limit"
      ? [rowLoops(rows), shortfalls(rows)]
      : suite === "growth"
        ? [threads(rows), memoryParts(rows)]
        : [];
  return parts
    .filter((part) => part !== "")
    .map((part) => `\n\n${part}`)
    .join("");
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

const table = (header: readonly string[], body: readonly (readonly string[])[]): string =>
  [header, header.map((_, column) => (column === 0 ? "---" : "---:")), ...body]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");

/** Speed of rows in random order, as a share of the speed of the same bytes in order. */
function rowLoops(rows: readonly ResultRow[]): string {
  const said = rows
    .filter(({ case: name, contender }) => name.startsWith("row-add-") && contender === "wasm, in order")
    .map(({ case: name, ratio: share }) => `${ratio(share)} (\`${name}\`)`);
  return said.length === 0
    ? ""
    : `The loop over rows in random order against the same bytes in order: ${said.join(", ")}.`;
}

/** Splits the gap between a kernel and the loop: each of the three loops explains a part of it. */
function shortfalls(rows: readonly ResultRow[]): string {
  const loops = (name: string): [number, number, number] | undefined => {
    const of = (ending: RegExp) =>
      rows.find((row) => row.case === name && row.contender.startsWith("ceiling") && ending.test(row.contender))?.ratio;
    const [plain, order, packed] = [of(/-(i16|f32)$/), of(/-rows$/), of(/-packed$/)];
    return plain === undefined || order === undefined || packed === undefined ? undefined : [plain, order, packed];
  };
  const kinds: readonly (readonly [string, (name: string) => boolean])[] = [
    ["dense, i16", (name) => name.startsWith("dense") && !name.includes("-rate-")],
    ["dense, f32", (name) => name.startsWith("dense") && name.includes("-rate-")],
    ["convolutions, i16", (name) => name.startsWith("conv") && !name.includes("-rate-")],
    ["convolutions, f32", (name) => name.startsWith("conv") && name.includes("-rate-")],
  ];
  const names = [...new Set(rows.map((row) => row.case))];
  const body = kinds.flatMap(([kind, belongs]) => {
    const all = names
      .filter(belongs)
      .map(loops)
      .filter((three) => three !== undefined);
    if (all.length === 0) return [];
    const [plain, order, packed] = [0, 1, 2].map((part) => median(all.map((three) => three[part])));
    const short = 1 - plain;
    return [
      [
        kind,
        ratio(plain),
        ratio(order),
        ratio(packed),
        ...(short > 0
          ? [(order - plain) / short, (packed - order) / short, (1 - packed) / short].map(percent)
          : ["", "", ""]),
      ],
    ];
  });
  if (body.length === 0) return "";
  return `How much of the gap between a kernel and the loop is explained by the order of rows (\`-rows\` less \`ceiling\`), by bytes beyond the first-level cache (\`-packed\` less \`-rows\`), and by the rest: lists, thresholds and spikes. Medians over the cases; a value below zero means that the step costs the kernel less than the loop.

${table(["kernels", "loop in order / ours", "rows in random order / ours", "rows of the packed weights / ours", "by order", "by bytes", "the rest"], body)}`;
}

/** Speed-up by a second thread that shares nothing, beside the speed-up by a second worker. */
function threads(rows: readonly ResultRow[]): string {
  const of = (contender: string): number | undefined => rows.find((row) => row.contender === contender)?.ratio;
  const [machine, workers] = [of("one thread"), of("one worker")];
  return machine === undefined || workers === undefined
    ? ""
    : `Two threads that run the load-and-add loop and share nothing are ${ratio(machine)} times as fast as one on this machine (\`workers-machine\`); two workers are ${ratio(workers)} times as fast as one.`;
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(2);

/** What fills the memory of an instance, where it is over the goal. */
function memoryParts(rows: readonly ResultRow[]): string {
  const parts = ["weightBytes", "paddingBytes", "spikeBytes", "resultBytes", "stateBytes"] as const;
  const body = rows.flatMap(({ case: name, more = {} }) => {
    const [used, over] = [more["memoryBytes"], more["memoryOverNeed"]];
    const bytesOfParts = parts.map((part) => more[part]);
    if (
      typeof used !== "number" ||
      typeof over !== "number" ||
      over <= memoryGoal ||
      !bytesOfParts.every((bytes) => typeof bytes === "number")
    )
      return [];
    const rest = used - bytesOfParts.reduce((sum, bytes) => sum + bytes, 0);
    return [[`\`${name}\``, mebibytes(used), ...bytesOfParts.map(mebibytes), mebibytes(rest), ratio(over)]];
  });
  if (body.length === 0) return "";
  return `The cases over ${memoryGoal}, in MiB. Padding: lanes of packed rows without a neuron. Results: counts and charges of every neuron. State: membrane potentials and the input's current of synchronous networks. The rest is not counted by the parts: spare capacity of lists, lists of more than one layer at once, scratch memory, the allocator's gaps and the last page.

${table(["case", "memory", "weights", "padding", "spikes", "results", "state", "the rest", "memory / weights and spikes"], body)}`;
}
