// Limits what reading one file may cost. All readers share this budget.
import { checkOptions, describe } from "./check.ts";
import { LlifError } from "./errors.ts";

/**
 * Limits for reading one file. The default of each grows with the size of the file, so that no file costs much more
 * than its size; `Infinity` removes a limit.
 */
export interface ReadBudget {
  /** Bytes that compressed content may unpack to. Default: 256 MiB, and 64 for each byte of the file. */
  readonly bytes?: number;
  /**
   * Numbers that are not stored in the file but computed, repeated or rearranged. Default: 2^25, and 16 for each byte
   * of the file.
   */
  readonly elements?: number;
  /** Nodes, layers, objects and other parts. Default: 65,536, and one for every four bytes of the file. */
  readonly nodes?: number;
  /** Levels of nesting. Default: 256. */
  readonly depth?: number;
  /** Seconds of synchronous work. Default: 10, and 1 for each megabyte of the file. */
  readonly seconds?: number;
}

export type BudgetKind = keyof ReadBudget;

export const budgetKinds: readonly BudgetKind[] = ["bytes", "elements", "nodes", "depth", "seconds"];

const base: Readonly<Required<ReadBudget>> = {
  bytes: 2 ** 28,
  elements: 2 ** 25,
  nodes: 2 ** 16,
  depth: 256,
  seconds: 10,
};
/** Added for each byte of the file. */
const perByte: Readonly<Required<ReadBudget>> = { bytes: 64, elements: 16, nodes: 0.25, depth: 0, seconds: 1e-6 };

/** The remaining budget for one file and the files beside it. */
export class Budget {
  readonly #given: ReadBudget;
  readonly #used = { bytes: 0, elements: 0, nodes: 0 };
  #fileBytes = 0;
  #started = performance.now();

  /** Use `openBudget` instead. */
  constructor(given: ReadBudget) {
    this.#given = given;
  }

  /** Adds a further file that is read under this budget. */
  addFile(bytes: number): this {
    this.#fileBytes += bytes;
    return this;
  }

  limit(kind: BudgetKind): number {
    return this.#given[kind] ?? Math.floor(base[kind] + perByte[kind] * this.#fileBytes);
  }

  /**
   * Takes `amount` from the budget; call it before the memory is allocated.
   * @throws {LlifError} FORMAT with the numbers if less is left.
   */
  take(kind: "bytes" | "elements" | "nodes", amount: number, place: string): void {
    const needed = this.#used[kind] + amount;
    // Written so that NaN is refused too.
    if (!(needed <= this.limit(kind))) throw this.#exceeded(kind, needed, place);
    this.#used[kind] = needed;
  }

  /** @throws {LlifError} FORMAT if something is nested deeper than allowed. */
  checkDepth(levels: number, place: string): void {
    if (levels > this.limit("depth")) throw this.#exceeded("depth", levels, place);
  }

  /**
   * Readers call this regularly in long work.
   * @param ahead seconds that the next step may take, if it cannot be interrupted.
   * @throws {LlifError} FORMAT if reading has taken too long, or will.
   */
  checkTime(place: string, ahead = 0): void {
    const seconds = (performance.now() - this.#started) / 1000 + ahead;
    if (seconds > this.limit("seconds")) throw this.#exceeded("seconds", seconds, place);
  }

  /** Waits for a promise, such as a file; the time does not count. */
  async waiting<T>(promise: Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await promise;
    } finally {
      this.#started += performance.now() - start;
    }
  }

  #exceeded(kind: BudgetKind, needed: number, place: string): LlifError {
    const what = {
      bytes: "bytes when unpacked",
      elements: "elements",
      nodes: "nodes",
      depth: "levels of nesting",
      seconds: "seconds",
    }[kind];
    const figure = kind === "seconds" ? `more than ${this.limit(kind).toFixed(1)}` : `at least ${needed}`;
    return new LlifError(
      "FORMAT",
      `${place}: needs ${figure} ${what}, the budget of reading is ${this.limit(kind)}; if the file is to be trusted, raise it with the option budget: { ${kind}: … }`,
    );
  }
}

/**
 * The budget for a file of `fileBytes` bytes. An open budget is returned as it is; its owner counts the files.
 * @throws {LlifError} ARGUMENT for an unknown key or a value that is not a number > 0.
 */
export function openBudget(fileBytes: number, given: ReadBudget | Budget = {}): Budget {
  if (given instanceof Budget) return given;
  checkOptions<ReadBudget>("budget", given, { bytes: true, elements: true, nodes: true, depth: true, seconds: true });
  for (const [kind, value] of Object.entries(given) as [string, unknown][]) {
    if (value !== undefined && !(typeof value === "number" && value > 0))
      throw new LlifError("ARGUMENT", `budget: ${kind}: expected a number > 0, got ${describe(value)}`);
  }
  return new Budget({ ...given }).addFile(fileBytes);
}
