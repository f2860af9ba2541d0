// What the live core of each engine offers while a network runs: drive, background, force, silence, state, weights.
import type { BackgroundSource, LiveState } from "../spiking/live-state.ts";

/** Part of a `SimulatorCore` of a live network. Arguments have been checked. */
export interface LiveCore {
  /** Charge of each neuron in every tick from now on; null: none. */
  drive(population: string, charges: Float32Array | null): void;
  /** Replaces the background of this population into the same variable; null: none. */
  background(population: string, into: number, source: BackgroundSource | null): void;
  /** These fire in the next tick, unless they are silenced. */
  force(population: string, neurons: Uint32Array): void;
  /** From now on these alone do not fire. */
  silence(population: string, neurons: Uint32Array): void;
  /** @param variable 0: the membrane potential; 1 …: a current; −1: the adaptation. */
  read(population: string, variable: number, into: Float32Array): void;
  state(): LiveState;
  restore(state: LiveState): void;
  /** In the order of the network's array. @param synapse its place in `network.synapses`. */
  weights(synapse: number, into: Float32Array): void;
  setWeights(synapse: number, weights: Float32Array): void;
  reward(value: number): void;
}
