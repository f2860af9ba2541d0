// Runs a sample of a synchronous network in parts, whatever its code.
import type { RecordOptions, Result, RunInput, Simulator } from "../engine/engine.ts";
import { rulesOf } from "../spiking/code.ts";

/**
 * The first ticks of a sample, or the next ones where `goesOn`.
 * @param input of these ticks; a frame of refined phase keeps what it began with.
 */
export function runPart<const R extends RecordOptions>(
  simulator: Simulator<R>,
  input: RunInput,
  ticks: number,
  goesOn: boolean,
): Result<R> {
  if (goesOn && rulesOf(simulator.network.code).frames) return simulator.resume({ ticks });
  return simulator.run(input, { ticks, keepState: goesOn });
}
