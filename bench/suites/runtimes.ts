// Suite `runtimes`: the same results in Node, Deno, Bun and browsers.
import { benchCase, SkippedCase, type BenchCase, type Contender } from "../../ts/timing/case.ts";
import { onEveryProcessor } from "../processor.ts";
import { runtimes } from "../runtimes/run.ts";

interface Digests {
  readonly digest: string;
  readonly spikes: number;
  readonly synapticOperations: number;
}

/** One case: runs the program in each runtime, one after the other; all digests must be equal. */
export function runtimesSuite(): BenchCase[] {
  return [
    "dense-1216-a10",
    "dense-1216-a10-phase",
    "dense-1216-a10-rate-ohmic-t32",
    "conv-16x16x128-a05",
    "conv-16x16x128-a05-rate-constant-t32",
  ].map((name) =>
    benchCase("runtimes", name, async () => {
      const contenders: Contender<Digests>[] = [];
      for (const { name: runtime, version, cases } of await reports()) {
        const { times, ...outcome } = cases[name];
        let round = 0;
        contenders.push({
          name: runtime,
          more: { version },
          time: (repetitions) => times[round++ % times.length] * repetitions,
          outcome: () => outcome,
        });
      }
      return { contenders };
    }),
  );
}

let gathered: ReturnType<typeof gather> | undefined;
const reports = () => (gathered ??= gather());

async function gather() {
  const all = [];
  for (const { name, report } of runtimes) {
    process.stderr.write(`\rbench: ${name} …\n`);
    try {
      // Browsers use more than one process.
      all.push({ name, ...(await onEveryProcessor(report)) });
    } catch (error) {
      if (!(error instanceof SkippedCase)) throw error;
      process.stderr.write(`skipped ${error.message}\n`);
    }
  }
  return all;
}
