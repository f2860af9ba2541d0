import { requireSpikingNetwork } from "../spiking/check.ts";
import { LlifError } from "../errors.ts";
import { populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { biologicalNeuron, type BiologicalNeuron } from "../spiking/neuron.ts";

/** A mapped network in SI units. */
export interface BiologicalParameters {
  /** By population, one value for each channel or neuron: I_leak = I_inj − (c − (1−α)·C·V_rest)/dt, which carries bias and I_eq. */
  readonly leakCurrentAmpere: Readonly<Record<string, Float64Array>>;
  /** By population and channel: activation that one hertz stands for, s·dt. */
  readonly activationPerHertz: Readonly<Record<string, Float64Array>>;
  /** In the order of `network.synapses`: charge that one spike delivers; charges into an output are in its own unit. */
  readonly synapticChargeCoulomb: readonly Float64Array[];
}

/**
 * What a network that `toSpiking` mapped with `neuron` would be built from.
 * @throws {LlifError} ARGUMENT where the network's threshold is not that of the neuron.
 * @see docs/mathematics.md, parameter mapping
 */
export function biologicalParameters(
  network: SpikingNetwork,
  neuron: BiologicalNeuron,
  chargeScale = 2 ** 40,
): BiologicalParameters {
  requireSpikingNetwork("biologicalParameters: network", network);
  const { threshold } = biologicalNeuron(neuron, chargeScale);
  const populations = populationsOf(network);
  for (const population of populations) {
    if (Math.abs(population.threshold[0] - (threshold as number)) <= 1e-6 * (threshold as number)) continue;
    throw new LlifError(
      "ARGUMENT",
      `population "${population.name}": expected the neuron's threshold ${threshold}, got ${population.threshold[0]}`,
      { nodes: [population.name] },
    );
  }
  const { dtSeconds, capacitanceFarad, restVolt = 0, injectedCurrentAmpere = 0 } = neuron;
  const byName = <T>(value: (population: (typeof populations)[number]) => T) =>
    Object.fromEntries(populations.map((population) => [population.name, value(population)]));
  return {
    leakCurrentAmpere: byName(({ bias, leakFactor }) => {
      const rest = (1 - leakFactor) * capacitanceFarad * restVolt;
      return Float64Array.from(bias, (charge) => injectedCurrentAmpere - (charge / chargeScale - rest) / dtSeconds);
    }),
    activationPerHertz: byName(({ unit }) => unit.map((value) => value * dtSeconds)),
    synapticChargeCoulomb: network.synapses.map(({ weights }) =>
      Float64Array.from(weights, (charge) => charge / chargeScale),
    ),
  };
}
