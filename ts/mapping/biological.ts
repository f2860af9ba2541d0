// The SI parameters of a mapped network: currents, capacitances, rates in hertz.
import { requireSpikingNetwork } from "../spiking/check.ts";
import { refuseLive } from "../spiking/live.ts";
import { LlifError } from "../errors.ts";
import { populationsOf, type SpikingNetwork } from "../spiking/network.ts";
import { biologicalNeuron, membraneOf, type BiologicalNeuron } from "../spiking/neuron.ts";

/** A mapped network in SI units. */
export interface BiologicalParameters {
  /**
   * By population, one value for each channel or neuron: I_leak = I_inj − c/(R·C·(1 − α)) + (V_rest − V_reset)/R with an
   * ohmic leak, I_inj − c/dt without one. It carries bias and I_eq.
   */
  readonly leakCurrentAmpere: Readonly<Record<string, Float64Array>>;
  /** By population and channel: activation per hertz, s·dt. */
  readonly activationPerHertz: Readonly<Record<string, Float64Array>>;
  /** In the order of `network.synapses`: charge per spike; for synapses into an output, in the output's unit. */
  readonly synapticChargeCoulomb: readonly Float64Array[];
}

/**
 * The SI parameters of a network that `toSpiking` mapped with `neuron`.
 * @throws {LlifError} ARGUMENT if a threshold or an ohmic leak of the network differs from the neuron's.
 * @see docs/mathematics.md, parameter mapping
 */
export function biologicalParameters(
  network: SpikingNetwork,
  neuron: BiologicalNeuron,
  chargeScale = 2 ** 40,
): BiologicalParameters {
  requireSpikingNetwork("biologicalParameters: network", network);
  refuseLive("biologicalParameters", network);
  const { threshold, leak } = biologicalNeuron(neuron, chargeScale);
  const leakFactor = leak?.factorPerTick ?? 1;
  const populations = populationsOf(network);
  for (const { name, neuron: found } of populations) {
    const check = (what: string, expected: number, values: ArrayLike<number>) => {
      const wrong = Array.from(values).find((value) => Math.abs(value - expected) > 1e-6 * expected);
      if (wrong === undefined) return;
      throw new LlifError("ARGUMENT", `population "${name}": expected the neuron's ${what} ${expected}, got ${wrong}`, {
        nodes: [name],
      });
    };
    check("threshold", threshold, found.threshold);
    check("leak factor", leakFactor, found.leak?.factorPerTick ?? [1]);
  }
  const { dtSeconds, injectedCurrentAmpere = 0 } = neuron;
  const { chargePerAmpere, restCharge } = membraneOf(neuron);
  const byName = <T>(value: (population: (typeof populations)[number]) => T) =>
    Object.fromEntries(populations.map((population) => [population.name, value(population)]));
  return {
    leakCurrentAmpere: byName(({ bias }) =>
      Float64Array.from(
        bias,
        (charge) => injectedCurrentAmpere - (charge / chargeScale - restCharge) / chargePerAmpere,
      ),
    ),
    activationPerHertz: byName(({ unit }) => unit.map((value) => value * dtSeconds)),
    synapticChargeCoulomb: network.synapses.map(({ weights }) =>
      Float64Array.from(weights, (charge) => charge / chargeScale),
    ),
  };
}
