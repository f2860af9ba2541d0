// The error class of the package and its stable codes.
import { printable } from "./text.ts";

/** The kind of an error; stable across versions. */
export type LlifErrorCode =
  | "ARGUMENT" // a value handed to the API is out of its range or of the wrong kind
  | "SHAPE" // shapes do not fit together
  | "FORMAT" // a file is truncated, corrupt or of an unknown format
  | "UNSUPPORTED" // a network node or option that is not mapped; see `nodes`
  | "PRECISION" // an integer charge would not fit
  | "FILE" // missing, unreadable or unwritable
  | "DATA" // a data set is empty, mislabelled or fails its checksum
  | "ENGINE" // WebAssembly is missing, trapped, or refused the network
  | "DISPOSED" // used after dispose()
  | "ABORTED"; // cancelled by an AbortSignal

/** The class of all errors that this package throws on purpose. */
export class LlifError extends Error {
  override readonly name: string = "LlifError";
  readonly code: LlifErrorCode;
  /** Names of the graph nodes concerned; empty if there are none. */
  readonly nodes: readonly string[];

  constructor(code: LlifErrorCode, message: string, options: { nodes?: readonly string[]; cause?: unknown } = {}) {
    // Messages quote names and text from files.
    super(printable(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.nodes = options.nodes ?? [];
  }
}

/** Thrown by any call on a simulator after `dispose()`. */
export class DisposedError extends LlifError {
  override readonly name: string = "DisposedError";
  constructor(what: string) {
    super("DISPOSED", `${what} was disposed and cannot be used any more`);
  }
}

/** Throws the `ABORTED` error if `signal` has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LlifError("ABORTED", "cancelled", { cause: signal.reason });
}
