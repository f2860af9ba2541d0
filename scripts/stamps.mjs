// Tells whether build outputs are up to date, by a digest of their sources.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { inRoot, root } from "./toolchain.mjs";

const neverSource = new Set(["pkg", "target", "node_modules"]);

function* filesBelow(path) {
  if (!existsSync(path)) return;
  if (statSync(path).isFile()) return yield path;
  for (const name of readdirSync(path).sort()) {
    if (!neverSource.has(name)) yield* filesBelow(join(path, name));
  }
}

/** Digest of the names and contents of files and folders, given relative to the repository. */
export function contentHash(paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    for (const file of filesBelow(inRoot(path))) {
      const content = readFileSync(file);
      hash.update(`${relative(root, file)}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest("hex");
}

const stampFile = (name) => inRoot(".cache", "stamps", name);

/** Whether `outputs` exist and were made from sources with this digest. */
export function isCurrent(name, digest, outputs) {
  return (
    existsSync(stampFile(name)) &&
    readFileSync(stampFile(name), "utf8") === digest &&
    outputs.every((output) => existsSync(inRoot(output)))
  );
}

export function writeStamp(name, digest) {
  mkdirSync(inRoot(".cache", "stamps"), { recursive: true });
  writeFileSync(stampFile(name), digest);
}
