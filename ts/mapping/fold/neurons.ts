// Where folding must place neurons: a value that later layers read as spikes.
import type { MaxPoolNode } from "../../relu/network.ts";
import { channelsOf, sameShape, sizeOf, type Shape } from "../../tensor.ts";
import type { Activation, FoldedLayer, FoldedNode, FoldedOutput, FoldedPool, FoldedSynapse } from "./graph.ts";
import { mapWeights, repeated, spreadIdentity } from "./linear.ts";
import { combined, isNonNegative, outerShape, type Piece, sourcePiece, type Source } from "./value.ts";
import { windowOf } from "./weighted.ts";

/** The nodes made so far, and the properties of each as a source of spikes. */
export class Neurons {
  readonly nodes: FoldedNode[] = [];
  readonly sources = new Map<string, Source>();
  readonly #outputs = new Set<string>();
  readonly #inputName: string;
  /** Whether a value of either sign gets one unrectified population instead of one per sign. */
  readonly #signedCounts: boolean;

  constructor(
    input: { readonly name: string; readonly shape: Shape; readonly signed: boolean },
    signedCounts: boolean,
  ) {
    this.#inputName = input.name;
    this.#signedCounts = signedCounts;
    this.sources.set(input.name, { shape: input.shape, signed: input.signed, poolable: false, group: input.name });
  }

  shapeOf(source: string): Shape {
    return (this.sources.get(source) as Source).shape;
  }

  /** min(max(piece, 0), ceiling). */
  rectify(piece: Piece, node: string, ceiling: number): Piece {
    const name = this.uniqueName(piece.name ?? node, node);
    const { place, size } = piece.origin;
    this.#population(piece, name, { ceiling, activation: { node, place, size, side: "positive" } });
    return this.#result(piece, [{ from: this.#pooled(name, piece.pools), weight: 1 }]);
  }

  /**
   * min(piece, ceiling) where positive, slope times the piece where negative.
   * @param pooling whether max pools will read the result.
   */
  leak(piece: Piece, node: string, slope: Float64Array, ceiling: number, pooling: boolean): Piece {
    const [positive, negative, sign] = this.#pair(piece, node, pooling, slope, ceiling);
    return this.#result(piece, [
      { from: positive, weight: 1 },
      { from: negative, weight: slope.map((factor) => sign * factor) },
    ]);
  }

  /** Gives the piece neurons: one population if it is never negative, otherwise a pair, or one with signed counts. */
  hold(piece: Piece, pooling: boolean): Piece {
    const { node, place, size } = piece.origin;
    if (isNonNegative(piece, this.sources)) return this.rectify(piece, node, Infinity);
    if (this.#signedCounts) {
      const name = this.uniqueName(piece.name ?? node, `${node}.value`);
      this.#population(piece, name, { rectified: false, activation: { node, place, size, side: "both" } });
      return this.#result(piece, [{ from: this.#pooled(name, piece.pools), weight: 1 }]);
    }
    const [positive, negative, sign] = this.#pair(piece, node, pooling, Float64Array.of(1));
    return this.#result(piece, [
      { from: positive, weight: 1 },
      { from: negative, weight: sign },
    ]);
  }

  /** Repeats the input as spikes, which pools can read. */
  repeatInput(piece: Piece): Piece {
    const input = this.sources.get(this.#inputName) as Source;
    const name = `${this.#inputName}.spikes`;
    if (!this.sources.has(name)) {
      const channels = channelsOf(input.shape);
      const one = (weight: number): FoldedSynapse[] => [
        { from: this.#inputName, linear: { kind: "identity", weights: new Float64Array(channels).fill(weight) } },
      ];
      const layer = {
        kind: "layer",
        shape: input.shape,
        bias: new Float64Array(channels),
        ceiling: Infinity,
        complement: false,
        activation: null,
        negativeOf: null,
      } as const;
      const rectified = !(input.signed && this.#signedCounts);
      this.#add(
        { ...layer, name, synapses: one(1), rectified },
        { shape: input.shape, signed: !rectified, poolable: true, group: name },
      );
      if (input.signed && rectified)
        this.#add(
          {
            ...layer,
            name: `${name}.minus`,
            synapses: one(1),
            rectified,
            complement: true,
            negativeOf: { layer: name, slope: new Float64Array(channels).fill(1) },
          },
          { shape: input.shape, signed: true, poolable: true, group: name },
        );
    }
    const parts = piece.parts.flatMap((part) => {
      if (part.from !== this.#inputName) return [part];
      return [name, `${name}.minus`].filter((from) => this.sources.has(from)).map((from) => ({ ...part, from }));
    });
    return { ...piece, parts };
  }

  /**
   * Identities with a weight per channel of the target, or per element if source and target have different channels.
   */
  spread(parts: readonly FoldedSynapse[], shape: Shape): readonly FoldedSynapse[] {
    const channels = channelsOf(shape);
    return parts.map(({ from, linear }) => {
      const fits = channels % channelsOf(this.shapeOf(from)) === 0;
      return { from, linear: spreadIdentity(linear, fits ? channels : sizeOf(shape)) };
    });
  }

  /** @param node the pool of the ReLU network; it names the group of the pooled source. */
  addPool(pool: FoldedPool, node: string): void {
    const source = this.sources.get(pool.from) as Source;
    this.nodes.push(pool);
    this.sources.set(pool.name, {
      ...source,
      shape: pool.shape,
      poolable: source.poolable && pool.mode === "max",
      group: `${source.group} ${node}`,
    });
  }

  /**
   * Makes populations for the positive and the negative side, with the piece's pools, and returns the sign of the
   * second.
   */
  #pair(
    piece: Piece,
    node: string,
    pooling: boolean,
    slope: Float64Array,
    ceiling = Infinity,
  ): [positive: string, negative: string, sign: 1 | -1] {
    const name = this.uniqueName(piece.name ?? node, `${node}.value`);
    const { place, size, node: origin } = piece.origin;
    const activation = { node: origin, place, size };
    const complement = pooling || piece.pools.length > 0;
    const channels = channelsOf(piece.shape);
    const negativeOf = channels % slope.length === 0 ? { layer: name, slope: repeated(slope, channels) } : null;
    this.#population(piece, name, { ceiling, activation: { ...activation, side: "positive" } });
    const negative = complement ? piece : negated(piece);
    this.#population(negative, `${name}.minus`, {
      complement,
      negativeOf,
      activation: { ...activation, side: "negative" },
      ...(complement ? { group: name } : {}),
    });
    return [this.#pooled(name, piece.pools), this.#pooled(`${name}.minus`, piece.pools), complement ? 1 : -1];
  }

  #population(
    piece: Piece,
    name: string,
    options: {
      ceiling?: number;
      rectified?: boolean;
      complement?: boolean;
      negativeOf?: FoldedLayer["negativeOf"];
      activation: Activation;
      group?: string;
    },
  ): void {
    const {
      ceiling = Infinity,
      rectified = true,
      complement = false,
      negativeOf = null,
      activation,
      group = name,
    } = options;
    const channels = channelsOf(piece.shape);
    const synapses = this.spread(piece.parts, piece.shape);
    const bias = combined(piece.bias, new Float64Array(channels), (a) => a);
    const source: Source = { shape: piece.shape, signed: !rectified || complement, poolable: true, group };
    this.#add(
      {
        kind: "layer",
        name,
        shape: piece.shape,
        synapses,
        bias,
        ceiling,
        rectified,
        complement,
        activation,
        negativeOf,
      },
      source,
    );
  }

  #add(layer: FoldedLayer, source: Source): void {
    this.nodes.push(layer);
    this.sources.set(layer.name, source);
  }

  #pooled(from: string, pools: readonly MaxPoolNode[]): string {
    for (const pool of pools) {
      const name = this.uniqueName(pool.name, `${pool.name} ${from}`);
      this.addPool(
        { ...windowOf(pool), kind: "pool", name, shape: pool.shape, from, mode: "max", multiplicity: null },
        pool.name,
      );
      from = name;
    }
    return from;
  }

  /** The piece as a sum of its neurons. */
  #result(piece: Piece, sources: readonly { readonly from: string; readonly weight: number | Float64Array }[]): Piece {
    const shape = outerShape(piece);
    const parts = sources.map(
      ({ from, weight }): FoldedSynapse => ({
        from,
        linear: { kind: "identity", weights: typeof weight === "number" ? Float64Array.of(weight) : weight },
      }),
    );
    return { ...sourcePiece("", shape, piece.origin.node), parts, place: piece.place, origin: piece.origin };
  }

  /**
   * Adds an output.
   * @param other its name if `wanted` is taken, because a value can be an output with and without softmax.
   */
  addOutput(output: Omit<FoldedOutput, "kind" | "name">, wanted: string, other: string): void {
    const name = this.uniqueName(this.#outputs.has(wanted) ? other : wanted, `${wanted}.output`);
    this.#outputs.add(name);
    this.nodes.push({ kind: "output", name, ...output });
  }

  uniqueName(wanted: string, other: string): string {
    const taken = (name: string) => this.sources.has(name) || this.#outputs.has(name);
    const base = taken(wanted) ? other : wanted;
    let name = base;
    for (let copy = 2; taken(name) || taken(`${name}.minus`); copy++) name = `${base}.${copy}`;
    return name;
  }
}

function negated(piece: Piece): Piece {
  const parts = piece.parts.map(({ from, linear }) => ({
    from,
    linear: mapWeights(linear, piece.shape, (weight) => -weight),
  }));
  return { ...piece, parts, bias: piece.bias.map((term) => -term) };
}

export function isPoolable(piece: Piece, neurons: Neurons): boolean {
  const sources = piece.parts.map(({ from }) => neurons.sources.get(from) as Source);
  return (
    piece.padding === null &&
    piece.bias.length <= channelsOf(piece.shape) &&
    piece.parts.every(
      ({ linear }) =>
        linear.kind === "identity" &&
        linear.weights.length <= channelsOf(piece.shape) &&
        linear.weights.every((weight) => weight >= 0),
    ) &&
    sources.every(
      ({ poolable, group, shape }) => poolable && group === sources[0].group && sameShape(shape, piece.shape),
    )
  );
}
