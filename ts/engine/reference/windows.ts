// The window loop that the layerwise codes share: one sample after another, or pipelined.
import { depths, synapsesTo, type SpikingNetwork } from "../../spiking/network.ts";
import type { EncodedInput } from "../input.ts";
import type { CoreRun, SimulatorCore } from "../simulator.ts";

/** A sample on its way through a layerwise network, with its recorded data. */
export interface Sample extends CoreRun {
  readonly input: EncodedInput;
  charges: Record<string, Float64Array | Int32Array>;
  counts: Record<string, Uint32Array | Int32Array>;
  spikes: Record<string, CoreRun["spikes"][string]>;
  potentials: Record<string, Float32Array | Int32Array>;
  spikeCount: number;
  synapticOperations: number;
}

/** A node of a layerwise network, window by window. W is the code's type of a window of spikes. */
export interface Stage<W> {
  /** Integrates a sample's whole window. Absent for pools. */
  integrate?(sample: Sample, windowOf: (name: string) => W): void;
  /** Writes the spikes of the sample integrated last into `fired`. Absent for outputs. */
  fire?(sample: Sample, fired: W): void;
  /** Only for pools. */
  pass?(source: W, passed: W): void;
}

export interface Stages<W> {
  readonly stages: ReadonlyMap<string, Stage<W>>;
  readonly emptyWindow: () => W;
  /** The input's spikes. */
  readonly inputWindow: (input: EncodedInput) => W;
}

/**
 * A core over the stages of one code: runs one sample layer after layer, or pipelined with one new sample per window.
 */
export function windowedCore<W>(
  network: SpikingNetwork,
  { stages, emptyWindow, inputWindow }: Stages<W>,
): SimulatorCore {
  const stageOf = (name: string): Stage<W> => stages.get(name) as Stage<W>;
  const windows = new Map(network.nodes.map(({ name }) => [name, emptyWindow()]));
  const windowOf = (name: string): W => windows.get(name) as W;

  return {
    run(input) {
      const sample = newSample(input);
      windows.set(network.input.name, inputWindow(input));
      for (const node of network.nodes) {
        const { integrate, fire, pass } = stageOf(node.name);
        if (node.kind === "pool") pass?.(windowOf(node.from), windowOf(node.name));
        integrate?.(sample, windowOf);
        fire?.(sample, windowOf(node.name));
      }
      return finished(sample);
    },

    pipeline() {
      const depth = depths(network);
      const depthOf = (name: string): number => depth.get(name) as number;
      const latest = Math.max(...depth.values());
      const rings = new Map<string, W[]>();
      for (const [name, length] of ringLengths(network, depthOf)) rings.set(name, Array.from({ length }, emptyWindow));
      /** Samples by the number of windows since they entered. */
      const onTheWay: (Sample | undefined)[] = [];
      let now = 0;
      /** The spikes of `name`, `ago` windows before this one. */
      const sent = (name: string, ago = 0): W => {
        const ring = rings.get(name) as W[];
        return ring[(now - ago) % ring.length];
      };

      return (input) => {
        onTheWay.unshift(input === undefined ? undefined : newSample(input));
        const done = onTheWay[latest];
        onTheWay.length = Math.min(onTheWay.length, latest + 1);
        const entering = onTheWay[0];
        if (entering !== undefined) {
          const ring = rings.get(network.input.name) as W[];
          ring[now % ring.length] = inputWindow(entering.input);
        }
        // Every layer fires its last window before it integrates the next one.
        for (const node of network.nodes) {
          const sample = onTheWay[depthOf(node.name)];
          if (sample === undefined) continue;
          const { fire, pass } = stageOf(node.name);
          if (node.kind === "pool") pass?.(sent(node.from), sent(node.name));
          fire?.(sample, sent(node.name));
        }
        for (const node of network.nodes) {
          const age = integrationAge(node.kind, depthOf(node.name));
          const sample = onTheWay[age];
          if (sample !== undefined) stageOf(node.name).integrate?.(sample, (name) => sent(name, age - depthOf(name)));
        }
        now++;
        return done === undefined ? undefined : finished(done);
      };
    },

    reset() {},
    dispose() {
      windows.clear();
    },
  };
}

/** A population integrates one window before it fires. */
function integrationAge(kind: SpikingNetwork["nodes"][number]["kind"], depth: number): number {
  return kind === "population" ? depth - 1 : depth;
}

/** Number of windows of each source to keep: an edge that skips layers reads an older one. */
function ringLengths(network: SpikingNetwork, depthOf: (name: string) => number): Map<string, number> {
  const lengths = new Map([network.input, ...network.nodes].map(({ name }) => [name, 1]));
  for (const { kind, name } of network.nodes) {
    for (const { from } of synapsesTo(network, name)) {
      lengths.set(from, Math.max(lengths.get(from) as number, integrationAge(kind, depthOf(name)) - depthOf(from) + 1));
    }
  }
  return lengths;
}

function newSample(input: EncodedInput): Sample {
  return {
    input,
    charges: named(),
    counts: named(),
    spikes: named(),
    potentials: named(),
    spikeCount: 0,
    synapticOperations: 0,
  };
}

function finished({ input: _, ...run }: Sample): CoreRun {
  return run;
}

/** A record without a prototype, because a node may have any name. */
function named<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}
