// Parses the header of a .npy file: a Python dictionary with three keys.
import { LlifError } from "../errors.ts";
import { quoted } from "../text.ts";

export interface NpyHeader {
  readonly descr: string;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
}

/** White space, then a word, quoted text, number or sign. No input matches in two ways, so the time is linear. */
const token = /\s*(?:(True|False)|'([^'\\]*)'|"([^"\\]*)"|(\d+)|([{}():,]))/y;
const keys = ["descr", "fortran_order", "shape"] as const;
/** NumPy allows no more. */
const mostDimensions = 64;

/**
 * Reads a header written by numpy.lib.format.
 * @throws {LlifError} FORMAT unless it has the keys descr, fortran_order and shape, each once.
 */
export function parseNpyHeader(header: string, place: string): NpyHeader {
  const corrupt = () => new LlifError("FORMAT", `${place}: corrupt .npy header ${quoted(header.trim().slice(0, 80))}`);
  let at = 0;
  /** The next token, text without its quotes; `undefined` at the end. */
  const next = (): { sign?: string; text?: string; number?: number; flag?: boolean } => {
    token.lastIndex = at;
    const match = token.exec(header);
    if (match === null) throw corrupt();
    at = token.lastIndex;
    const [, word, single, double, digits, sign] = match;
    if (word !== undefined) return { flag: word === "True" };
    if (digits !== undefined) return { number: Number(digits) };
    return sign === undefined ? { text: single ?? double } : { sign };
  };
  const extents = (): number[] => {
    if (next().sign !== "(") throw corrupt();
    const shape: number[] = [];
    for (;;) {
      const { number, sign } = next();
      if (sign === ")") return shape;
      if (number === undefined || !Number.isSafeInteger(number) || shape.length === mostDimensions) throw corrupt();
      shape.push(number);
      const behind = next().sign;
      if (behind === ")") return shape;
      if (behind !== ",") throw corrupt();
    }
  };
  const found: { descr?: string; fortran_order?: boolean; shape?: number[] } = {};
  if (next().sign !== "{") throw corrupt();
  for (;;) {
    const { text: key, sign } = next();
    if (sign === "}") break;
    const known = keys.find((name) => name === key);
    if (known === undefined || found[known] !== undefined || next().sign !== ":") throw corrupt();
    if (known === "descr") found.descr = next().text;
    else if (known === "fortran_order") found.fortran_order = next().flag;
    else found.shape = extents();
    if (found[known] === undefined) throw corrupt();
    const behind = next().sign;
    if (behind === "}") break;
    if (behind !== ",") throw corrupt();
  }
  const { descr, fortran_order: isFortran, shape } = found;
  if (descr === undefined || isFortran === undefined || shape === undefined || header.slice(at).trim() !== "")
    throw corrupt();
  return { descr, isFortran, shape };
}
