// The versions of llif and of its core that made a result.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sha256 } from "../data/dataset.ts";
import { LlifError } from "../errors.ts";
import { currentPlatform } from "../platform.ts";
import { readInput } from "./io.ts";

/** From the nearest package.json above this file, in the sources and in the published package. */
export function packageVersion(): string {
  for (let folder = new URL("./", import.meta.url); ; folder = new URL("../", folder)) {
    const file = fileURLToPath(new URL("package.json", folder));
    if (existsSync(file)) return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
    if (folder.pathname === "/" || new URL("../", folder).href === folder.href) return "unknown";
  }
}

/** SHA-256 of the WebAssembly core. */
export async function wasmHash(): Promise<string> {
  const source = await currentPlatform().wasmBytes();
  if (!(source instanceof URL)) throw new LlifError("ENGINE", "the WebAssembly core: expected a file");
  return sha256(await readInput(fileURLToPath(source)));
}
