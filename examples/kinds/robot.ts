// A robot that looks for a lamp: sensor currents in every tick, spikes of motor neurons turn its wheels, and reward for
// coming nearer changes the weights of the motors by their eligibility.
import { createSimulator, pcg32, spikingNetwork, stdp, type SpikeTrain } from "llif";
import { spikesOf, type Outcome } from "./outcome.ts";

const [sensors, hidden, motors] = [16, 200, 16];
const [leak, threshold] = [0.875, 1];
const [plus, minus, timeConstant, eligibilityTicks] = [1 / 4096, 1 / 8192, 20, 50];
const [minimum, maximum] = [0, 0.25];

export function make(small: boolean) {
  const random = pcg32(1);
  const weights = (targets: number, sources: number, largest: number) =>
    Float32Array.from({ length: targets * sources }, () => ((random() >>> 24) / 256) * largest);
  return {
    ticks: small ? 500 : 20_000,
    /** [hidden][sensors] */
    seeing: weights(hidden, sensors, 0.5),
    /** [motors][hidden] */
    moving: weights(motors, hidden, maximum / 4),
  };
}

type Model = ReturnType<typeof make>;

/** A lamp on a torus, and a robot with two wheels: its sensors look around, each in one direction. */
class World {
  #x = 0;
  #y = 0;
  #heading = 0;
  #usual = 0;
  #lamp = [5, 3];
  readonly #random = pcg32(2);
  readonly currents = new Float32Array(sensors);
  /** Charge of the motors, by which the robot tries this and that. */
  readonly noise = new Float32Array(motors);

  /** Sets the currents of the sensors and the noise of the motors, in steps of 1/64. */
  sense(): void {
    const toLamp = Math.atan2(...this.#way()) - this.#heading;
    for (let sensor = 0; sensor < sensors; sensor++)
      this.currents[sensor] = Math.round(16 * (1 + Math.cos(toLamp - (2 * Math.PI * sensor) / sensors))) / 64;
    if (this.#random() % 8 === 0) this.noise.fill((this.#random() % 8) / 32, 0, motors / 2);
    if (this.#random() % 8 === 0) this.noise.fill((this.#random() % 8) / 32, motors / 2);
  }

  /** Moves by the spikes of the wheels. @returns how much more it came nearer to the lamp than it usually does. */
  move(left: number, right: number): number {
    const before = this.#distance();
    this.#heading += (left - right) / 64;
    this.#x += (Math.cos(this.#heading) * (left + right)) / 128;
    this.#y += (Math.sin(this.#heading) * (left + right)) / 128;
    const nearer = before - this.#distance();
    if (this.#distance() < 1) this.#lamp = [(this.#random() % 21) - 10, (this.#random() % 21) - 10];
    this.#usual += (nearer - this.#usual) / 256;
    return Math.fround(nearer - this.#usual);
  }

  #distance(): number {
    return Math.hypot(...this.#way());
  }

  /** To the lamp, y first, on a torus of 20 by 20. */
  #way(): [y: number, x: number] {
    const nearest = (way: number) => way - 20 * Math.round(way / 20);
    return [nearest(this.#lamp[1] - this.#y), nearest(this.#lamp[0] - this.#x)];
  }
}

export function plain({ ticks, seeing, moving }: Model): Outcome {
  const spikes: number[] = [];
  const start = performance.now();
  // Rounded to float32, because the decays are not exact.
  const { fround } = Math;
  const world = new World();
  const v = [sensors, hidden, motors].map((units) => new Float32Array(units));
  const weights = moving.slice();
  const before = new Float32Array(hidden);
  const lastSpike = new Int32Array(hidden);
  const after = new Float32Array(motors);
  const fade = fround(Math.exp(-1 / timeConstant));
  const faded = Float32Array.from({ length: 1024 }, (_, ago) => Math.exp(-ago / timeConstant));
  const trace = (source: number, tick: number) =>
    fround(before[source] * (tick - lastSpike[source] < 1024 ? faded[tick - lastSpike[source]] : 0));
  // Eligibility in a unit that grows: then not every connection has to fade in every tick.
  const eligibility = new Float32Array(weights.length);
  let unit = 1;
  const fire = (potential: Float32Array): number[] => {
    const fired: number[] = [];
    for (let neuron = 0; neuron < potential.length; neuron++) {
      if (potential[neuron] < threshold) continue;
      potential[neuron] = 0;
      fired.push(neuron);
    }
    return fired;
  };
  for (let tick = 0; tick < ticks; tick++) {
    world.sense();
    const { currents, noise } = world;
    for (let neuron = 0; neuron < sensors; neuron++) v[0][neuron] = fround(leak * v[0][neuron]) + currents[neuron];
    const seen = fire(v[0]);
    for (let neuron = 0; neuron < hidden; neuron++) {
      v[1][neuron] *= leak;
      for (const source of seen) v[1][neuron] += seeing[neuron * sensors + source];
    }
    const thought = fire(v[1]);
    for (let neuron = 0; neuron < motors; neuron++) {
      let sum = 0;
      for (const source of thought) sum = fround(sum + weights[neuron * hidden + source]);
      v[2][neuron] = fround(fround(leak * v[2][neuron]) + noise[neuron]) + sum;
    }
    const moved = fire(v[2]);
    for (let neuron = 0; neuron < motors; neuron++) after[neuron] *= fade;
    unit *= Math.exp(1 / eligibilityTicks);
    if (unit > 2 ** 20) {
      for (let edge = 0; edge < eligibility.length; edge++) eligibility[edge] *= fround(1 / unit);
      unit = 1;
    }
    for (const source of thought) {
      for (let neuron = 0; neuron < motors; neuron++)
        eligibility[neuron * hidden + source] -= fround(fround(minus * after[neuron]) * fround(unit));
      before[source] = trace(source, tick) + 1;
      lastSpike[source] = tick;
    }
    for (const neuron of moved) {
      for (let source = 0; source < hidden; source++)
        eligibility[neuron * hidden + source] += fround(fround(plus * trace(source, tick)) * fround(unit));
      after[neuron] += 1;
      spikes.push(tick * motors + neuron);
    }
    const reward = world.move(
      moved.filter((neuron) => neuron < motors / 2).length,
      moved.filter((neuron) => neuron >= motors / 2).length,
    );
    const step = fround(reward / unit);
    for (let edge = 0; edge < weights.length; edge++)
      weights[edge] = Math.min(maximum, Math.max(minimum, fround(weights[edge] + fround(step * eligibility[edge]))));
  }
  return { spikes, weights, milliseconds: performance.now() - start };
}

export async function withLlif({ ticks, seeing, moving }: Model): Promise<Outcome> {
  const cells = { input: "none", threshold, reset: "hard", leak: { kind: "ohmic", factorPerTick: leak } } as const;
  const network = spikingNetwork({ inputs: 1, dtSeconds: 1e-3 })
    .population({ ...cells, name: "sensors", units: sensors })
    .population({ ...cells, name: "hidden", units: hidden })
    .population({ ...cells, name: "motors", units: motors })
    .connect({ from: "sensors", to: "hidden", weights: seeing })
    .connect({
      name: "moving",
      from: "hidden",
      to: "motors",
      weights: moving,
      plasticity: stdp({
        plus,
        minus,
        timeConstantTicks: [timeConstant, timeConstant],
        minimum,
        maximum,
        reward: { timeConstantTicks: eligibilityTicks },
      }),
    })
    .build();
  const simulator = await createSimulator(network, { record: { counts: false, spikes: ["motors"] } });
  const trains: SpikeTrain[] = [];
  const start = performance.now();
  const world = new World();
  for (let tick = 0; tick < ticks; tick++) {
    world.sense();
    simulator.drive("sensors", world.currents);
    simulator.drive("motors", world.noise);
    const { motors: moved } = simulator.step(null).spikes;
    const left = moved.neurons.filter((neuron) => neuron < motors / 2).length;
    simulator.reward(world.move(left, moved.length - left));
    trains.push(moved);
  }
  const milliseconds = performance.now() - start;
  const weights = simulator.weights("moving");
  simulator.dispose();
  return { spikes: spikesOf(trains, 1, motors), weights, milliseconds };
}
