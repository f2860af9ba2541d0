// Runs an example of a live network as a user does, and reads the picture that it writes.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const folder = new URL("../../examples/live/", import.meta.url);

/** @returns what the example prints, line by line, and its picture. */
export async function runExample(name: string, ...words: string[]): Promise<{ lines: string[]; svg: string }> {
  const temporary = await mkdtemp(join(tmpdir(), "live-example-"));
  try {
    const file = join(temporary, "picture.svg");
    const program = fileURLToPath(new URL(`${name}.mjs`, folder));
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...words, "--svg", file]);
    return { lines: stdout.trimEnd().split("\n"), svg: await readFile(file, "utf8") };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
