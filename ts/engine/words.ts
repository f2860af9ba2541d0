// Messages of 32-bit words for the core.

/** A number, a flag, or a list. */
export type MessageField = number | boolean | Uint32Array;

/** Words of a message, in the order in which the core reads them; an array comes after its length. */
export function message(...fields: readonly MessageField[]): Uint32Array {
  const words = new Uint32Array(
    fields.reduce<number>((length, field) => length + (typeof field === "object" ? 1 + field.length : 1), 0),
  );
  let at = 0;
  for (const field of fields) {
    if (typeof field === "object") {
      words[at] = field.length;
      words.set(field, at + 1);
      at += 1 + field.length;
    } else {
      words[at++] = Number(field);
    }
  }
  return words;
}

/** Most words sent at once. A whole copy of a large list would stay in the core's memory, which never shrinks. */
const pieceLength = 2 ** 15;

export function inPieces(words: Uint32Array, send: (piece: Uint32Array) => void): void {
  for (let first = 0; first < words.length; first += pieceLength) send(words.subarray(first, first + pieceLength));
}
