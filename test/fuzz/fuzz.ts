// The fuzzer's parent: starts the process that reads, watches over it, and keeps the smallest input of each fault.
import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inputOf, type Job, type Message, type Outcome } from "./child.ts";

/** No answer for so long is a hang, however busy the machine. */
const silenceSeconds = 20;

export interface FuzzOptions {
  /** Inputs by format. */
  readonly counts: ReadonlyMap<string, number>;
  readonly seed: number;
  /** Where failing inputs are written. */
  readonly folder: string;
  /** The program that runs `work` for the jobs it is sent. */
  readonly program: string;
  readonly write: (line: string) => void;
  readonly progress?: (text: string) => void;
}

export interface Finding {
  readonly format: string;
  readonly outcome: Outcome | "hang" | "crash";
  readonly detail: string;
  times: number;
  /** Of the smallest input that does it. */
  index: number;
  size: number;
}

/** Tries every format and writes a line for each, and one for each finding. */
export async function fuzz(options: FuzzOptions): Promise<Finding[]> {
  const { counts, seed, folder, program, write, progress } = options;
  const all: Finding[] = [];
  let child: ChildProcess | undefined;
  try {
    for (const [format, count] of counts) {
      const findings = new Map<string, Finding>();
      const totals = new Map<string, number>();
      const note = (outcome: Finding["outcome"], detail: string, index: number, size: number) => {
        totals.set(outcome, (totals.get(outcome) ?? 0) + 1);
        if (outcome === "accepted" || outcome === "refused") return;
        const key = `${outcome} ${outcome === "slow" || outcome === "memory" ? "" : detail}`;
        const known = findings.get(key);
        if (known === undefined) findings.set(key, { format, outcome, detail, times: 1, index, size });
        else Object.assign(known, { times: known.times + 1 }, size < known.size ? { index, size } : {});
      };
      for (let next = 0; next < count; ) {
        child ??= fork(program, ["--child"], {
          execArgv: ["--expose-gc", "--max-old-space-size=2048"],
          stdio: ["ignore", "ignore", "pipe", "ipc"],
        });
        const end = await run(child, { format, seed, from: next, to: count }, (message) => {
          if (message.kind === "done") note(message.outcome, message.detail, message.index, message.size);
          progress?.(`${format} ${message.index + 1} / ${count}`);
        });
        if (end === undefined) break;
        child = undefined;
        const { length: size } = await inputOf({ format, seed, index: end.index });
        note(end.outcome, end.detail, end.index, size);
        next = end.index + 1;
      }
      progress?.("");
      write(`${format}: ${count} inputs; ${[...totals].map(([outcome, times]) => `${times} ${outcome}`).join(", ")}`);
      for (const finding of findings.values()) {
        mkdirSync(folder, { recursive: true });
        const file = join(folder, `${format}-${finding.outcome.replaceAll(" ", "-")}-${seed}-${finding.index}.bin`);
        writeFileSync(file, await inputOf({ format, seed, index: finding.index }));
        write(`  ${finding.outcome} ×${finding.times}: ${finding.detail}\n    ${file}, ${finding.size} bytes`);
        all.push(finding);
      }
    }
  } finally {
    child?.kill("SIGKILL");
  }
  return all;
}

/** Ends well with `undefined`, or tells which input ended the child, and how. */
function run(
  child: ChildProcess,
  job: Job,
  heard: (message: Message) => void,
): Promise<{ index: number; outcome: "hang" | "crash"; detail: string } | undefined> {
  return new Promise((resolve) => {
    let current = job.from;
    let complaint = "";
    let silent = false;
    const watch = () =>
      setTimeout(() => {
        silent = true;
        child.kill("SIGKILL");
      }, silenceSeconds * 1000);
    let timer = watch();
    const hear = (message: Message) => {
      clearTimeout(timer);
      timer = watch();
      current = message.index;
      heard(message);
      if (message.kind === "done" && message.index + 1 === job.to) finish(undefined);
    };
    const finish = (end: Awaited<ReturnType<typeof run>>) => {
      clearTimeout(timer);
      child.off("message", hear);
      child.off("close", closed);
      child.stderr?.off("data", complain);
      resolve(end);
    };
    const closed = (code: number | null, signal: string | null) => {
      const why = /FATAL ERROR.*|\w*Error: .*/.exec(complaint)?.[0] ?? complaint.slice(0, 200);
      finish({
        index: current,
        outcome: silent ? "hang" : "crash",
        detail: silent ? `no answer for ${silenceSeconds} s` : `exit code ${code} ${signal ?? ""} ${why}`,
      });
    };
    const complain = (chunk: unknown) => void (complaint = (complaint + String(chunk)).slice(-4000));
    child.stderr?.on("data", complain);
    child.on("message", hear);
    child.on("close", closed);
    child.send(job);
  });
}
