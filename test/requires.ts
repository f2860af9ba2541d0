// Skips a test, with the reason, where the machine lacks something it needs.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "vitest";

/**
 * For tests that need something which apt or pip installs: skips with the reason, and fails under LLIF_REQUIRE_ALL=1.
 * @returns the thing found.
 */
export function requireOrSkip<T>(context: TestContext, found: T | undefined, reason: string): T {
  if (found !== undefined) return found;
  if (process.env.LLIF_REQUIRE_ALL === "1") throw new Error(`required by LLIF_REQUIRE_ALL: ${reason}`);
  process.stderr.write(`skipped: ${reason}\n`);
  return context.skip(reason);
}

/** Path of the first of these commands on PATH. */
export function findCommand(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}
