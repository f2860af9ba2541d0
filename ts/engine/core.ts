// Guards an instance of the WebAssembly core: errors become `LlifError`s, and an instance is not used after a trap.
import { DisposedError, LlifError } from "../errors.ts";

/** Traps and out-of-memory errors, after which the instance's state is undefined. */
export function isFatal(cause: unknown): boolean {
  return cause instanceof WebAssembly.RuntimeError || cause instanceof RangeError;
}

/** @throws {LlifError} ENGINE for errors of the core or its glue; an `LlifError` is thrown unchanged. */
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

/** An object of the core that throws typed errors after a trap and after dispose(). */
export class Core<Raw> {
  readonly #what: string;
  readonly #kind: string;
  readonly #free: (raw: Raw) => void;
  #raw: Raw | undefined;
  #failure: LlifError | undefined;

  /** @param what first words of messages. @param kind what to create again after a trap. */
  constructor(what: string, kind: "simulator" | "pass" | "learner", raw: Raw, free: (raw: Raw) => void) {
    this.#what = what;
    this.#kind = kind;
    this.#raw = raw;
    this.#free = free;
  }

  use<T>(body: (raw: Raw) => T): T {
    if (this.#failure !== undefined)
      throw new LlifError(
        "ENGINE",
        `${this.#what}: the WebAssembly core has failed before; create a new ${this.#kind} (${this.#failure.message})`,
        { cause: this.#failure },
      );
    const raw = this.#raw;
    if (raw === undefined) throw new DisposedError(this.#what);
    try {
      return guarded(this.#what, () => body(raw));
    } catch (error) {
      if (error instanceof LlifError && isFatal(error.cause)) {
        this.#failure = error;
        this.#raw = undefined;
      }
      throw error;
    }
  }

  /** Idempotent. */
  dispose(): void {
    const raw = this.#raw;
    this.#raw = undefined;
    if (raw !== undefined) this.#free(raw);
  }
}
