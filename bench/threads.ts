// The load-and-add loop in one or two threads: how much a second thread can gain on this machine at all.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Contender } from "../ts/timing/case.ts";
import { bytesOf, compileCeiling } from "./ceiling.ts";

/** The worker's source, in CommonJS: the loop over a buffer of its own. */
const program = `
const { parentPort, workerData: { module, bytes } } = require("node:worker_threads");
const { memory, i16 } = new WebAssembly.Instance(module).exports;
new Int16Array(memory.buffer, 0, bytes / 2).fill(1);
parentPort.on("message", (passes) => parentPort.postMessage(i16(bytes, passes)));
`;

/** Fits the first-level cache of each processor core. */
const bytes = 16 * 1024;
const additions = 2 ** 30;

/** The load-and-add loop, split over threads that share no data. */
export async function threadsContender(threads: 1 | 2): Promise<Contender<number>> {
  const module = await compileCeiling();
  const workers = Array.from(
    { length: threads },
    () => new Worker(program, { eval: true, workerData: { module, bytes } }),
  );
  await Promise.all(workers.map((worker) => once(worker, "online")));
  const passes = additions / (bytes / bytesOf.i16) / threads;
  const run = async (repetitions: number): Promise<number> => {
    const answers = workers.map((worker) => once(worker, "message"));
    for (const worker of workers) worker.postMessage(passes * repetitions);
    return (await Promise.all(answers)).reduce((sum, [answer]) => sum + answer, 0);
  };
  return {
    name: threads === 1 ? "one thread" : "two threads",
    processors: "all",
    async time(repetitions) {
      const start = performance.now();
      await run(repetitions);
      return performance.now() - start;
    },
    // 16-bit sums wrap around.
    outcome: async () => (await run(1)) & 0xffff,
    dispose: async () => void (await Promise.all(workers.map((worker) => worker.terminate()))),
  };
}
