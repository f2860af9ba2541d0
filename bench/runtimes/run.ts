// Starts the shared program in each runtime (Node, Deno, Bun, browsers) and reads its report.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { SkippedCase } from "../../ts/timing/case.ts";
import { fetchPackage } from "../npm-packages.ts";
import { cacheFolder } from "../paths.ts";
import type { RuntimeReport } from "./program.ts";

/** What a program reported, and the runtime's version. */
interface Reported<Report> {
  readonly version: string;
  readonly cases: Report;
}

export interface Runtime {
  readonly name: string;
  /** @throws {SkippedCase} if the runtime is not available. */
  report(): Promise<Reported<RuntimeReport>>;
}

/** A bundle of scripts/bench.mjs. */
const bundle = (name = "runtimes"): string => join(cacheFolder, `${name}.mjs`);

function command(name: string, find: () => string, words: readonly string[] = []): Runtime {
  return {
    name,
    async report() {
      const path = find();
      const run = (parameters: readonly string[]) =>
        spawnSync(path, parameters, { encoding: "utf8", timeout: 600_000 });
      const { status, stdout, stderr, error } = run([...words, bundle()]);
      if (status !== 0)
        throw new SkippedCase(`${name}: ${error?.message ?? stderr.trim().split("\n").slice(-3).join("; ")}`);
      return { version: run(["--version"]).stdout.trim().split("\n")[0], cases: JSON.parse(stdout) as RuntimeReport };
    },
  };
}

/** The binary of an installed npm package, or of its dependency for this platform. */
function fetched(name: "node" | "deno" | "bun"): () => string {
  return () => {
    const folder = join(fetchPackage(name, true), "node_modules");
    const platform = `${process.platform}-${process.arch}`;
    const triple = process.arch === "arm64" ? "aarch64" : "x64";
    const places = [
      join(folder, "node", "bin", "node"),
      join(folder, `node-bin-${platform}`, "bin", "node"),
      join(folder, `node-${platform}`, "bin", "node"),
      join(folder, "@deno", `${platform}-glibc`, "deno"),
      join(folder, "@deno", platform, "deno"),
      join(folder, "bun", "bin", "bun.exe"),
      join(folder, "@oven", `bun-${process.platform}-${triple}`, "bin", "bun"),
    ];
    const found = places.find((path) => path.split(/[/\\]/).some((part) => part.includes(name)) && existsSync(path));
    if (found === undefined) throw new SkippedCase(`${name}: the npm package holds no binary for ${platform}`);
    return found;
  };
}

function onPath(...names: string[]): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  if (found === undefined) throw new SkippedCase(`${names[0]} is not installed`);
  return found;
}

function browser(name: string, find: () => string, words: BrowserWords): Runtime {
  return { name, report: () => reportOfPage<RuntimeReport>(name, find, words, bundle()) };
}

type BrowserWords = (profile: string, url: string) => readonly string[];

/** Opens a page that posts its report back. It needs no driver, so any browser works. */
async function reportOfPage<Report>(
  name: string,
  find: () => string,
  words: BrowserWords,
  program: string,
): Promise<Reported<Report>> {
  const path = find();
  const profile = mkdtempSync(join(tmpdir(), "llif-browser-"));
  let arrived: (text: string) => void = () => undefined;
  const report = new Promise<string>((resolve) => (arrived = resolve));
  const server = createServer((request, response) => {
    if (request.url === "/report") {
      let text = "";
      request
        .setEncoding("utf8")
        .on("data", (chunk: string) => (text += chunk))
        .on("end", () => {
          response.end();
          arrived(text);
        });
    } else if (request.url === "/program.mjs")
      response.setHeader("content-type", "text/javascript").end(readFileSync(program));
    else
      response
        .setHeader("content-type", "text/html")
        .end('<!doctype html><title>llif</title><script type="module" src="/program.mjs"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const child = spawn(path, words(profile, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`), {
    stdio: "ignore",
    env: { ...process.env, HOME: profile },
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  try {
    const late = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new SkippedCase(`${name}: no report within 600 s`)), 600_000).unref(),
    );
    const failed = new Promise<never>((_, reject) =>
      child.on("error", (error) => reject(new SkippedCase(`${name}: ${error.message}`))),
    );
    const text = await Promise.race([report, late, failed]);
    return {
      version: spawnSync(path, ["--version"], { encoding: "utf8" }).stdout.trim(),
      cases: JSON.parse(text) as Report,
    };
  } finally {
    child.kill();
    await ended;
    server.close();
    server.closeAllConnections();
    // Child processes outlive the browser and still write.
    await rm(profile, { recursive: true, force: true, maxRetries: 20 });
  }
}

// biome-ignore format: a list of words
const chromiumWords = (profile: string, url: string) => ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", `--user-data-dir=${profile}`, url];

const chromium = () => onPath("chromium", "chromium-browser", "google-chrome");

/** What another bundle reports in Chromium. @throws {SkippedCase} if it is not installed. */
export const reportOfChromium = <Report>(name: string): Promise<Reported<Report>> =>
  reportOfPage("Chromium", chromium, chromiumWords, bundle(name));

/** The Node that runs the benchmark comes first: the others are compared with it. */
export const runtimes: readonly Runtime[] = [
  command("this Node", () => process.execPath),
  command("newest Node", fetched("node")),
  command("Deno", fetched("deno"), ["run", "--no-lock"]),
  command("Bun", fetched("bun")),
  browser("Chromium", chromium, chromiumWords),
  browser(
    "Firefox",
    () => onPath("firefox-esr", "firefox"),
    (profile, url) => ["--headless", "--no-remote", "--profile", profile, url],
  ),
];
