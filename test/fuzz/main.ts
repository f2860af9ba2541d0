// The program of `npm run fuzz`; with --child, the process that reads.
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { work, type Job } from "./child.ts";
import { formats } from "./formats.ts";
import { fuzz } from "./fuzz.ts";

const usage = `npm run fuzz -- [options]: damages valid files of every format that is read, and reads them.

  --formats a=n,b   formats, and how many inputs of each; ${Object.keys(formats).join(", ")} (default: all)
  --count n         inputs of each format without a number of its own (default: 1000)
  --seed n          others make other inputs (default: 1)
  --out folder      where inputs that fail are written (default: .cache/fuzz/findings)

It ends with exit code 1 where a reader hangs, takes more memory than its budget, raises anything but an LlifError, or accepts what it should not.`;

function numberOf(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least || text.trim() === "")
    throw new TypeError(`${option}: expected an integer >= ${least}, got ${JSON.stringify(text)}`);
  return value;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      formats: { type: "string" },
      count: { type: "string", default: "1000" },
      seed: { type: "string", default: "1" },
      out: { type: "string", default: ".cache/fuzz/findings" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const count = numberOf("--count", values.count, 1);
  const counts = new Map<string, number>();
  for (const entry of (values.formats ?? Object.keys(formats).join(",")).split(",")) {
    const [format, own] = entry.split("=");
    if (!Object.hasOwn(formats, format))
      throw new TypeError(`--formats: expected ${Object.keys(formats).join(", ")}, got ${JSON.stringify(format)}`);
    counts.set(format, own === undefined ? count : numberOf(`--formats: ${format}`, own, 1));
  }
  const progress = process.stderr.isTTY ? (text: string) => void process.stderr.write(`\r\u001b[K${text}`) : undefined;
  const findings = await fuzz({
    counts,
    seed: numberOf("--seed", values.seed, 0),
    folder: values.out,
    program: fileURLToPath(import.meta.url),
    write: (line) => void process.stdout.write(`${line}\n`),
    progress,
  });
  process.stdout.write(findings.length === 0 ? "nothing found\n" : `${findings.length} findings\n`);
  return findings.length === 0 ? 0 : 1;
}

if (process.argv[2] === "--child") {
  process.on("message", (job) => void work(job as Job, (message) => process.send!(message)));
} else {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(
      `fuzz: ${error instanceof TypeError ? `${error.message}; see --help` : error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = 2;
  }
}
