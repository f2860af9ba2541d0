// Messages of 32-bit words for the core, put together from lists.

/** The length before the list. */
export function listed(values: Uint32Array): Uint32Array[] {
  return [Uint32Array.of(values.length), values];
}

/** All of them, one after the other. */
export function joined(parts: readonly Uint32Array[]): Uint32Array {
  const words = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    words.set(part, at);
    at += part.length;
  }
  return words;
}
