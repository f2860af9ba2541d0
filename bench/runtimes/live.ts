// What a page runs for suite `live`: the CUBA benchmark with 4,000 neurons; it posts its report to the server that it came from.
import { cuba } from "../live/models.ts";
import { digestOf, runnerOf } from "../live/network.ts";

export interface LiveReport {
  readonly spikes: number;
  readonly digest: string;
  /** Milliseconds of each run, after two that were not timed. */
  readonly times: readonly number[];
}

async function report(): Promise<LiveReport> {
  const { run } = await runnerOf(cuba(4000));
  const spikes = run();
  run();
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return { spikes: spikes.ticks.length, digest: digestOf(spikes), times };
}

const answer = await report().catch((error: unknown) => ({ error: String(error) }));
await fetch("/report", { method: "POST", body: JSON.stringify(answer) });
