// The closed formulas of a neuron and a network as functions (docs/mathematics.md T1, T3, T5, T6, T10).
import { checkArray, checkFinite, checkInteger, checkNumbers, checkOneOf } from "../check.ts";

/**
 * Closed formulas of one linear LIF neuron, by theorem of docs/mathematics.md. Charges are in the unit of the threshold
 * θ, `chargePerTick` z is the whole constant charge that arrives each tick (leak current included), and rates are in
 * spikes a tick.
 */

/**
 * Spikes after `ticks` ticks of constant drive: soft reset, no leak factor, one spike a tick.
 * N = clip(floor((v0 + T·z)/θ), 0, T), exact if the sums are.
 * @see docs/mathematics.md T1
 */
export function countUnderConstantDrive(
  chargePerTick: number,
  threshold: number,
  ticks: number,
  initialPotential = threshold / 2,
): number {
  checkNeuron(chargePerTick, threshold, ticks);
  checkFinite("initialPotential", initialPotential, { from: 0 });
  return clip(Math.floor((initialPotential + ticks * chargePerTick) / threshold), 0, ticks);
}

/**
 * The ReLU that the neuron approximates, clipped at one spike a tick: rate = clip(z/θ, 0, 1).
 * @see docs/mathematics.md T1
 */
export function reluRate(chargePerTick: number, threshold: number, largest = 1): number {
  checkReals({ chargePerTick });
  checkPositive({ threshold });
  if (largest !== Infinity) checkPositive({ largest });
  return clip(chargePerTick / threshold, 0, largest);
}

/**
 * Spikes with hard reset, from v0 = 0: N = floor(T / ceil(θ/z)); 0 for z ≤ 0.
 * @see docs/mathematics.md T5
 */
export function hardResetCount(chargePerTick: number, threshold: number, ticks: number): number {
  checkNeuron(chargePerTick, threshold, ticks);
  return chargePerTick <= 0 ? 0 : Math.floor(ticks / Math.ceil(threshold / chargePerTick));
}

/**
 * Rate with hard reset, from v0 = 0: 1 / ceil(θ/z), below the ReLU's by less than the part z/θ of it.
 * With a refractory period of n ticks: 1 / max(ceil(θ/z), n + 1) if input is integrated meanwhile, 1 / (ceil(θ/z) + n)
 * if it is discarded.
 * @see docs/mathematics.md T5
 */
export function hardResetRate(
  chargePerTick: number,
  threshold: number,
  refractoryTicks = 0,
  input: "integrate" | "discard" = "integrate",
): number {
  checkReals({ chargePerTick });
  checkPositive({ threshold });
  checkRefractory(refractoryTicks, input);
  if (chargePerTick <= 0) return 0;
  const period = Math.ceil(threshold / chargePerTick);
  return 1 / (input === "integrate" ? Math.max(period, refractoryTicks + 1) : period + refractoryTicks);
}

/**
 * Rate under a refractory period, soft reset. Integrating input meanwhile: min(z/θ, 1/(n+1)), a clipped ReLU.
 * Discarding it: 1/(θ/z + n) for 0 < z ≤ θ, which is no ReLU.
 * @see docs/mathematics.md T6
 */
export function refractoryRate(
  chargePerTick: number,
  threshold: number,
  refractoryTicks: number,
  input: "integrate" | "discard",
): number {
  checkReals({ chargePerTick });
  checkPositive({ threshold });
  checkRefractory(refractoryTicks, input);
  checkOneOf("input", input, ["integrate", "discard"]);
  if (chargePerTick <= 0) return 0;
  const rate = chargePerTick / threshold;
  return input === "integrate"
    ? Math.min(rate, 1 / (refractoryTicks + 1))
    : 1 / (Math.max(1, 1 / rate) + refractoryTicks);
}

/**
 * Charge a tick that gives `rate` to a neuron that discards input while refractory: z = θr/(1 − n·r).
 * @param rate at most 1/(n + 1).
 * @see docs/mathematics.md T6
 */
export function discardingDrive(rate: number, threshold: number, refractoryTicks: number): number {
  checkPositive({ threshold });
  checkRefractory(refractoryTicks);
  checkFinite("rate", rate, { from: 0, to: 1 / (refractoryTicks + 1) });
  return (threshold * rate) / (1 - refractoryTicks * rate);
}

/**
 * Rate in Hz of the continuous leaky neuron under constant current: f = 1/(τ·ln(u/(u − V_th))), u = R·I + V_rest; 0 for
 * u ≤ V_th. All potentials are relative to the reset. Hard and soft reset are the same here.
 * @see docs/mathematics.md T10
 */
export function ohmicRate(steadyVolt: number, thresholdVolt: number, timeConstantSeconds: number): number {
  checkReals({ steadyVolt });
  checkPositive({ thresholdVolt, timeConstantSeconds });
  if (steadyVolt <= thresholdVolt) return 0;
  return -1 / (timeConstantSeconds * Math.log1p(-thresholdVolt / steadyVolt));
}

/**
 * `ohmicRate` with a refractory period t_ref, the shortest interval: f' = min(f, 1/max(t_ref, dt)) if input is integrated
 * meanwhile; f' = 1/(max(1/f, dt) + max(0, t_ref − dt)) if it is discarded, since the tick of the spike is the first of
 * t_ref. For continuous time, without a bound for ticks.
 */
export function refractoryOhmicRate(
  rateHertz: number,
  refractorySeconds: number,
  dtSeconds: number,
  input: "integrate" | "discard",
): number {
  checkReals({ rateHertz });
  checkFinite("refractorySeconds", refractorySeconds, { from: 0 });
  checkPositive({ dtSeconds });
  checkOneOf("input", input, ["integrate", "discard"]);
  if (rateHertz <= 0) return 0;
  return input === "integrate"
    ? Math.min(rateHertz, 1 / Math.max(refractorySeconds, dtSeconds))
    : 1 / (Math.max(1 / rateHertz, dtSeconds) + Math.max(0, refractorySeconds - dtSeconds));
}

/**
 * The ReLU nearest to `ohmicRate`, in Hz: max(0, (u − V_th/2)/(τ·V_th)). It is higher by at most 1/(2τ).
 * @see docs/mathematics.md T10
 */
export function ohmicReluRate(steadyVolt: number, thresholdVolt: number, timeConstantSeconds: number): number {
  checkReals({ steadyVolt });
  checkPositive({ thresholdVolt, timeConstantSeconds });
  return Math.max(0, (steadyVolt - thresholdVolt / 2) / (timeConstantSeconds * thresholdVolt));
}

/**
 * R·I in volt at which the continuous leaky neuron fires exactly at `rateHertz`: V_th/(1 − e^(−1/(f·τ))) − V_rest. All
 * potentials are relative to the reset.
 * @see docs/mathematics.md T10
 */
export function ohmicPredistortion(
  rateHertz: number,
  thresholdVolt: number,
  timeConstantSeconds: number,
  restVolt = 0,
): number {
  checkPositive({ thresholdVolt, timeConstantSeconds });
  checkReals({ restVolt });
  checkFinite("rateHertz", rateHertz, { above: 0 });
  return -thresholdVolt / Math.expm1(-1 / (rateHertz * timeConstantSeconds)) - restVolt;
}

/**
 * Constant leak charge per tick equivalent to an ohmic leak: (1 − α)(θ/2 − C·V_rest), V_rest relative to the reset.
 * @see docs/mathematics.md T10
 */
export function equivalentLeakCharge(leakFactor: number, threshold: number, restCharge = 0): number {
  checkLeak(leakFactor);
  checkPositive({ threshold });
  checkReals({ restCharge });
  return (1 - leakFactor) * (threshold / 2 - restCharge);
}

/**
 * Rate of the discrete neuron with ohmic leak, soft reset, v0 = θ/2, for 0 ≤ z ≤ θ: max(0, z/θ − (1 − α)/2).
 * `ohmicTickBound` bounds its error after T ticks.
 * @see docs/mathematics.md T10
 */
export function ohmicTickRate(chargePerTick: number, threshold: number, leakFactor: number): number {
  checkReals({ chargePerTick });
  checkPositive({ threshold });
  checkLeak(leakFactor);
  return clip(chargePerTick / threshold - (1 - leakFactor) / 2, 0, 1);
}

/**
 * Ticks from a hard reset to the next spike of the discrete neuron with ohmic leak, from v = 0: k = ceil(ln(1 − θ(1 −
 * α)/z) / ln α), the first with z(1 − α^k)/(1 − α) ≥ θ; Infinity for z ≤ θ(1 − α). Exact over the reals.
 * @see docs/mathematics.md T10
 */
export function ohmicHardResetTicks(chargePerTick: number, threshold: number, leakFactor: number): number {
  checkReals({ chargePerTick });
  checkPositive({ threshold });
  checkLeak(leakFactor);
  const missing = (threshold * (1 - leakFactor)) / chargePerTick;
  return chargePerTick > 0 && missing < 1
    ? Math.max(1, Math.ceil(Math.log1p(-missing) / Math.log(leakFactor)))
    : Infinity;
}

/** |N/T − ohmicTickRate| ≤ (1 − α)/2 + 1/(2T). @see docs/mathematics.md T10 */
export function ohmicTickBound(leakFactor: number, ticks: number): number {
  checkLeak(leakFactor);
  checkInteger("ticks", ticks, 1);
  return (1 - leakFactor) / 2 + 1 / (2 * ticks);
}

/**
 * κ = max_i Σ_j |q_ij| / θ_i: how much a layer can amplify the count error of the layer before.
 * @param weights shape [thresholds.length, inputs].
 * @see docs/mathematics.md T3
 */
export function amplification(weights: ArrayLike<number>, thresholds: ArrayLike<number>): number {
  checkNumbers("weights", weights);
  checkNumbers("thresholds", thresholds);
  const inputs = weights.length / thresholds.length;
  let largest = 0;
  for (let neuron = 0; neuron < thresholds.length; neuron++) {
    let sum = 0;
    for (let input = 0; input < inputs; input++) sum += Math.abs(weights[neuron * inputs + input]);
    largest = Math.max(largest, sum / thresholds[neuron]);
  }
  return largest;
}

/**
 * Bound on |N − r·t| of each layer in turn: d_l = ½ + κ_l·d_(l−1).
 * @param inputBound 0 for constant current, ½ for the regular train.
 * @see docs/mathematics.md T3
 */
export function countErrorBounds(amplifications: readonly number[], inputBound = 0): number[] {
  checkNumbers("amplifications", checkArray("amplifications", amplifications));
  checkFinite("inputBound", inputBound, { from: 0 });
  let bound = inputBound;
  return amplifications.map((factor) => (bound = 0.5 + factor * bound));
}

function checkNeuron(chargePerTick: number, threshold: number, ticks: number): void {
  checkFinite("chargePerTick", chargePerTick);
  checkFinite("threshold", threshold, { above: 0 });
  checkInteger("ticks", ticks, 0);
}

type Checks = Readonly<Record<string, number | undefined>>;

/** Checks that all numbers are finite. */
function checkReals(values: Checks): void {
  for (const [name, value] of Object.entries(values)) checkFinite(name, value);
}

function checkPositive(values: Checks): void {
  for (const [name, value] of Object.entries(values)) checkFinite(name, value, { above: 0 });
}

function checkLeak(leakFactor: number): void {
  checkFinite("leakFactor", leakFactor, { from: 0, to: 1 });
}

function checkRefractory(refractoryTicks: number, input: "integrate" | "discard" = "integrate"): void {
  checkInteger("refractoryTicks", refractoryTicks, 0);
  checkOneOf("input", input, ["integrate", "discard"]);
}

function clip(value: number, from: number, to: number): number {
  return Math.min(Math.max(value, from), to);
}
