// Installs the packed package in an empty project.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** An empty project outside the repository with the packed package installed, as a user would have it. */
export interface Consumer {
  readonly folder: string;
  /** Runs a command in the project; @returns its standard output. */
  run(command: string, ...parameters: string[]): string;
  write(name: string, text: string): void;
  remove(): void;
}

export function installInEmptyProject(): Consumer {
  const folder = mkdtempSync(join(tmpdir(), "llif-consumer-"));
  // npm passes its own settings and the repository's folder on to its scripts; a user's shell has none of them.
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$|^NODE_ENV$|^VITEST/.test(name)),
  );
  const runIn = (directory: string, command: string, parameters: string[]) =>
    execFileSync(command, parameters, {
      cwd: directory,
      env: environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });

  runIn(root, process.execPath, ["scripts/setup.mjs"]);
  const [packed] = JSON.parse(
    runIn(root, "npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder]),
  ) as { filename: string }[];
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  runIn(folder, "npm", ["install", "--no-audit", "--no-fund", `./${packed.filename}`]);
  copyFileSync(join(root, "test/packaging/probe.js"), join(folder, "probe.js"));

  return {
    folder,
    run: (command, ...parameters) => runIn(folder, command, parameters),
    write: (name, text) => writeFileSync(join(folder, name), text),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
