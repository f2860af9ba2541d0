// Catches the error of a call for comparison.
import { LlifError } from "../ts/errors.ts";

/** The error that `body` raises; for tests that look at more than its message. */
export function errorOf(body: () => unknown): LlifError {
  try {
    body();
  } catch (error) {
    if (error instanceof LlifError) return error;
    throw error;
  }
  throw new Error("expected an LlifError, got none");
}
