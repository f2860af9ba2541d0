// Describes the machine and versions that a measurement depends on.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, platform, release, totalmem } from "node:os";
import { inRoot } from "./paths.ts";

/** What a measured time depends on besides the code. */
export interface Environment {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  readonly package: string;
  readonly commit: string;
  readonly [name: string]: string | number;
}

export function environment(): Environment {
  const { version } = JSON.parse(readFileSync(inRoot("package.json"), "utf8")) as { version: string };
  return {
    processor: processorName(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    package: version,
    commit: said("git", ["rev-parse", "--short", "HEAD"]),
    // Other programs on the machine make times less reliable.
    load: Number(loadavg()[0].toFixed(1)),
    rustc: said("rustc", ["--version"]),
  };
}

/** Some virtual machines hide the name; then family and model numbers are shown too. */
function processorName(): string {
  const name = cpus()[0]?.model.trim() ?? "unknown";
  try {
    const field = (key: string) =>
      new RegExp(`^${key}\\s*: (.*)$`, "m").exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1];
    return `${name} (family ${field("cpu family")}, model ${field("model")})`;
  } catch {
    return name;
  }
}

function said(command: string, words: readonly string[]): string {
  try {
    return execFileSync(command, words, {
      cwd: inRoot(),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
}
