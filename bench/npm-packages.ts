// Installs npm packages that are too large to be dependencies, such as other runtimes, outside the repository.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { SkippedCase } from "../ts/timing/case.ts";
import { cacheFolder } from "../ts/cli/data-cache.ts";

/** Pinned versions. */
const versions = { "onnxruntime-node": "1.30.0", node: "26.10.0", deno: "2.9.6", bun: "1.4.4" } as const;
export type FetchedPackage = keyof typeof versions;

const folderOf = (name: FetchedPackage): string => join(cacheFolder(), "bench", `${name}-${versions[name]}`);

/**
 * Installs a package in the cache folder on first use.
 * @param scripts whether its install script may run; not for scripts that download anything but npm packages.
 * @returns the folder whose node_modules contains it. @throws {SkippedCase} if npm cannot install it.
 */
export function fetchPackage(name: FetchedPackage, scripts = false): string {
  const folder = folderOf(name);
  const done = join(folder, "complete");
  if (existsSync(done)) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  process.stderr.write(`bench: fetching ${name} ${versions[name]} …\n`);
  const words = [
    "install",
    "--no-audit",
    "--no-fund",
    "--silent",
    ...(scripts ? [] : ["--ignore-scripts"]),
    `${name}@${versions[name]}`,
  ];
  const { status, error, stderr } = spawnSync("npm", words, {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0)
    throw new SkippedCase(
      `npm ${words.join(" ")}: ${error?.message ?? stderr.trim().split("\n").slice(-2).join("; ")}`,
    );
  writeFileSync(done, "");
  return folder;
}

export function requireFrom(folder: string, name: string): unknown {
  return createRequire(join(folder, "package.json"))(name);
}
