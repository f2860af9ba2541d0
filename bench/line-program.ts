// Talks to a child process that answers one line per line: the native core, or a Python simulator.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";

/** A child process that answers each line with one line. */
export class LineProgram {
  readonly #child: ChildProcessWithoutNullStreams;
  #unread = "";
  #said = "";
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(command: string, words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(command, words, { env: { ...process.env, ...environment }, stdio: "pipe" });
    this.#child.stdin.on("error", () => undefined);
    this.#child.stderr
      .setEncoding("utf8")
      .on("data", (chunk: string) => (this.#said = (this.#said + chunk).slice(-4000)));
    this.#child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      this.#unread += chunk;
      this.#wake();
    });
    const end = (error?: Error): void => {
      if (error instanceof Error) this.#said += error.message;
      this.#ended = true;
      this.#wake();
    };
    this.#child.on("error", end).on("close", () => end());
  }

  /** @throws {Error} with the program's output, if it has ended. */
  async ask(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    while (!this.#unread.includes("\n")) {
      if (this.#ended) throw new Error(`${this.#child.spawnfile}: ended at "${line}": ${this.#said.trim()}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const end = this.#unread.indexOf("\n");
    const answer = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 1);
    return answer;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  close(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}
