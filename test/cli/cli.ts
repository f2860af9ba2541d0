// Runs the command line inside the test's process.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { main } from "../../ts/cli/main.ts";
import { currentPlatform, providePlatform } from "../../ts/platform.ts";

// Workers run no TypeScript, so that commands of this process do their work themselves unless they are told otherwise.
providePlatform({ ...currentPlatform(), parallelism: () => 1 });

export const models = fileURLToPath(new URL("../../models/", import.meta.url));
export const digits = join(models, "mnist-500-images-idx3-ubyte.gz");

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. */
export async function llif(
  words: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  let [out, err] = ["", ""];
  const code = await main(words, {
    out: (text) => void (out += text),
    err: (text) => void (err += `${text}\n`),
    progress: () => undefined,
    signal,
  });
  return { code, out, err };
}

/** A folder that goes when the file's tests are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "llif-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
