// What a simulator keeps of its runs, with every choice made.
/** Record options after checking, every default filled in. */
export interface Recording {
  readonly counts: boolean;
  readonly sent: boolean;
  readonly spikes: readonly string[];
  /** Neurons by population, in the order asked for. */
  readonly potentials: readonly { readonly population: string; readonly neurons: Uint32Array }[];
}
