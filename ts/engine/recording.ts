// The record options of a simulator after checking.
/** Record options with every default filled in. */
export interface Recording {
  readonly counts: boolean;
  readonly sent: boolean;
  readonly spikes: readonly string[];
  /** Neurons by population, in the order asked for. */
  readonly potentials: readonly { readonly population: string; readonly neurons: Uint32Array }[];
}
