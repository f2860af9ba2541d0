// Runs every block of README.md and compares what it prints.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readIdx } from "../../ts/data/idx.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

interface Block {
  readonly language: string;
  readonly text: string;
  /** The `text` block right behind it, if any: what it prints. */
  readonly prints: string | undefined;
}

function blocks(): Block[] {
  const found = [...readme.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, text]) => ({ language, text }));
  return found.flatMap((block, index) =>
    block.language === "text"
      ? []
      : [{ ...block, prints: found[index + 1]?.language === "text" ? found[index + 1].text : undefined }],
  );
}

/** Measured times differ; nothing else may. */
function withoutTimes(text: string): string {
  return text.replaceAll(/^time .*$/gm, (line) => line.replaceAll(/[\d.]+ m?s\b/g, "? s")).trim();
}

/** npm's own settings are no part of a user's shell. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$|^NODE_ENV$|^VITEST/.test(name)),
);

describe("README.md", () => {
  // Inside the package, so that "llif" and `npx llif` find it.
  let folder: string;
  beforeAll(() => {
    execFileSync(process.execPath, ["scripts/setup.mjs"], { cwd: root, stdio: "ignore" });
    mkdirSync(join(root, ".cache"), { recursive: true });
    folder = mkdtempSync(join(root, ".cache", "readme-"));
    symlinkSync(join(root, "models"), join(folder, "models"));
    const digits = readIdx(new Uint8Array(readFileSync(join(root, "models/mnist-500-images-idx3-ubyte.gz"))));
    writeFileSync(
      join(folder, "digit.png"),
      encode({ width: 28, height: 28, channels: 1, data: Uint8Array.from(digits.data.slice(0, 784)) }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (command: string, ...parameters: string[]): string =>
    execFileSync(command, parameters, {
      cwd: folder,
      env: environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });

  async function output({ language, text }: Block): Promise<string> {
    if (language === "ts") {
      const source = join(folder, "example.ts");
      writeFileSync(source, text);
      await build({
        entryPoints: [source],
        outfile: join(folder, "example.mjs"),
        bundle: true,
        format: "esm",
        platform: "node",
        external: ["llif"],
        logLevel: "error",
      });
      return run(process.execPath, "example.mjs");
    }
    const lines = text
      .split("\n")
      .map((line) => line.replace(/ +#.*$/, ""))
      .filter((line) => line !== "");
    return lines.map((line) => runLine(line)).join("");
  }

  function runLine(line: string): string {
    // The whole tests are running; `npm start` is the real one, on few images.
    if (line === "npm test") return "";
    if (line === "npm start")
      return execFileSync("npm", ["start", "--silent", "--", "--limit", "10"], {
        cwd: root,
        env: environment,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
    const [command, ...words] = line.split(" ");
    expect(command).toBe("npx");
    return run("npx", "--no-install", ...words);
  }

  it("has examples in TypeScript and for the shell, and the output of the first of each", () => {
    const examples = blocks();
    expect(new Set(examples.map(({ language }) => language))).toEqual(new Set(["sh", "ts"]));
    expect(examples.filter(({ prints }) => prints !== undefined).length).toBeGreaterThanOrEqual(3);
  });

  it.each(blocks().map((block) => [block.text.trim().split("\n")[0], block] as const))(
    "runs: %s …",
    async (_, block) => {
      const printed = await output(block);
      if (block.prints === undefined) expect(printed).toEqual(expect.any(String));
      else expect(withoutTimes(printed)).toBe(withoutTimes(block.prints));
    },
    300_000,
  );

  it("has the tables of the committed results, to the letter", () => {
    // A script of Node's own modules; it has no types.
    const script =
      'import { readFileSync } from "node:fs"; import { withTables } from "./scripts/results.mjs"; process.stdout.write(withTables(readFileSync("README.md", "utf8")));';
    expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root, encoding: "utf8" })).toBe(
      readme,
    );
  });
});
