// What holds an instance of the WebAssembly core: every failure is typed, and none is used after one that leaves it undefined.
import { DisposedError, LlifError } from "../errors.ts";

/** Traps and lack of memory: what the instance holds afterwards may be anything. */
export function isFatal(cause: unknown): boolean {
  return cause instanceof WebAssembly.RuntimeError || cause instanceof RangeError;
}

/** @throws {LlifError} ENGINE for whatever the core or its glue throws; errors of our own pass. */
export function guarded<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof LlifError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = isFatal(cause) ? "; it may have run out of memory: record less, or run fewer ticks or samples" : "";
    throw new LlifError("ENGINE", `${what}: the WebAssembly core failed: ${reason}${hint}`, { cause });
  }
}

/** Something of the core's that explains itself after a trap and after dispose(). */
export class Core<Held> {
  readonly #what: string;
  readonly #kind: string;
  readonly #free: (held: Held) => void;
  #held: Held | undefined;
  #failure: LlifError | undefined;

  /** @param what messages begin with. @param kind of thing that is to be created anew after a trap. */
  constructor(what: string, kind: "simulator" | "pass", held: Held, free: (held: Held) => void) {
    this.#what = what;
    this.#kind = kind;
    this.#held = held;
    this.#free = free;
  }

  use<T>(body: (held: Held) => T): T {
    if (this.#failure !== undefined)
      throw new LlifError(
        "ENGINE",
        `${this.#what}: the WebAssembly core has failed before; create a new ${this.#kind} (${this.#failure.message})`,
        { cause: this.#failure },
      );
    const held = this.#held;
    if (held === undefined) throw new DisposedError(this.#what);
    try {
      return guarded(this.#what, () => body(held));
    } catch (error) {
      if (error instanceof LlifError && isFatal(error.cause)) {
        this.#failure = error;
        this.#held = undefined;
      }
      throw error;
    }
  }

  /** Idempotent. */
  dispose(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#free(held);
  }
}
