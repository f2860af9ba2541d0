// A frame of refined phase (T14): one input, and how many of the window's ticks it has run.
import { checkInteger } from "../check.ts";
import { LlifError } from "../errors.ts";
import type { SpikingNetwork } from "../spiking/network.ts";
import type { RunInput, RunOptions } from "./engine.ts";
import { encodeInput, inputBetween, type EncodedInput } from "./input.ts";

export class Frame {
  readonly encoded: EncodedInput;
  /** Ticks of the frame so far. */
  readonly tick: number;
  readonly #windowTicks: number;

  constructor(encoded: EncodedInput, tick: number, windowTicks: number) {
    this.encoded = encoded;
    this.tick = tick;
    this.#windowTicks = windowTicks;
  }

  /** The ticks that are asked for, by default all that are left. @throws {LlifError} ARGUMENT */
  ticksOf(place: string, ticks: number | undefined): number {
    const left = this.#windowTicks - this.tick;
    return ticks === undefined ? left : checkInteger(`${place}: ticks`, ticks, 1, left);
  }

  get ended(): boolean {
    return this.tick === this.#windowTicks;
  }

  /** What arrives in the next ticks. */
  next(ticks: number): EncodedInput {
    return inputBetween(this.encoded, this.tick, this.tick + ticks);
  }

  after(ticks: number): Frame {
    return new Frame(this.encoded, this.tick + ticks, this.#windowTicks);
  }
}

/** @throws {LlifError} ARGUMENT for spikes that would add to those of a former frame, and as `encodeInput`. */
export function frameOf(network: SpikingNetwork, input: RunInput | null, options: RunOptions): Frame {
  const { windowTicks } = network;
  const { keepState = false, firstTick = 0 } = options;
  checkInteger("run: firstTick", firstTick, 0, keepState ? windowTicks - 1 : 0);
  const encoded = encodeInput(network, input, windowTicks);
  if (keepState && encoded.kind === "events")
    throw new LlifError(
      "ARGUMENT",
      "run: spikes under keepState: expected values, which replace those of the last frame; spikes would add to it",
    );
  return new Frame(encoded, firstTick, windowTicks);
}
