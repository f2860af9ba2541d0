// Files that commands write, and what ends a command: signals, full disks, closed pipes.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeNpy } from "../../ts/data/npy.ts";
import { digits, llif, models, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const program = join(models, "../dist/cli.js");
const mnist8 = join(models, "mnist-8.onnx");
const posix = process.platform !== "win32";
const curve = ["curve", "--points", "3", "--ticks", "20"];

describe("outputs", () => {
  it.runIf(posix)("go through links, which stay links, also where nothing is there yet", async () => {
    mkdirSync(file("far/away"), { recursive: true });
    writeFileSync(file("far/target.svg"), "before", { mode: 0o640 });
    symlinkSync("../target.svg", file("far/away/second"));
    symlinkSync("far/away/second", file("first"));
    symlinkSync("far/new.svg", file("dangling"));
    for (const [link, target] of [
      ["first", "far/target.svg"],
      ["dangling", "far/new.svg"],
    ]) {
      expect(await llif([...curve, "--plot", file(link)])).toMatchObject({ code: 0, err: "" });
      expect(lstatSync(file(link)).isSymbolicLink()).toBe(true);
      expect(lstatSync(file(target)).isFile()).toBe(true);
      expect(readFileSync(file(target), "utf8")).toMatch(/^<svg /);
    }
    expect(statSync(file("far/target.svg")).mode & 0o777).toBe(0o640);
    expect(lstatSync(file("far/away/second")).isSymbolicLink()).toBe(true);
    symlinkSync("round", file("round"));
    expect((await llif([...curve, "--plot", file("round")])).err).toContain("a link that leads back to itself");
  });

  it.runIf(posix)("go into pipes and devices, which stay what they are", async () => {
    execFileSync("mkfifo", [file("pipe")]);
    const reader = spawn("cat", [file("pipe")]);
    let read = "";
    reader.stdout.on("data", (part: Buffer) => void (read += String(part)));
    const ended = new Promise((done) => reader.on("close", done));
    expect(await llif([...curve, "--plot", file("pipe")])).toMatchObject({ code: 0, err: "" });
    await ended;
    expect(read).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(lstatSync(file("pipe")).isFIFO()).toBe(true);
    symlinkSync("/dev/null", file("null"));
    expect(await llif([...curve, "--plot", file("null")])).toMatchObject({ code: 0, err: "" });
    expect(lstatSync(file("null")).isSymbolicLink()).toBe(true);
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    if (existsSync("/dev/full"))
      expect(await llif([...curve, "--plot", "/dev/full"])).toMatchObject({
        code: 1,
        err: expect.stringMatching(/^llif: "\/dev\/full": cannot be written \(ENOSPC.*\)\n$/),
      });
  });

  it("are never what the same command reads, or writes already", async () => {
    const copy = (name: string) => {
      writeFileSync(file(name), readFileSync(mnist8));
      return file(name);
    };
    const model = copy("model.onnx");
    writeFileSync(file("model.json"), "{}");
    linkSync(model, file("hard.onnx"));
    writeFileSync(file("input.npy"), writeNpy({ shape: [28, 28], data: new Uint8Array(784) }));
    const refused: [string[], RegExp][] = [
      [
        ["convert", model, "-o", model, "--scales", "analytic"],
        /model\.onnx": expected another file to write, since ".*model\.onnx" is read by the same command/,
      ],
      [
        ["convert", model, "-o", join(folder, ".", "far/../model.onnx"), "--scales", "analytic"],
        /expected another file/,
      ],
      [["convert", model, "-o", file("hard.onnx"), "--scales", "analytic"], /expected another file/],
      [
        ["evaluate", model, "--data", digits, "--limit", "2", "--scales", "analytic", "--manifest", file("model.json")],
        /model\.json" is read/,
      ],
      [["run", model, "--input", file("input.npy"), "--save-spikes", file("input.npy")], /input\.npy" is read/],
      [
        ["run", model, "--input", file("input.npy"), "--plot", file("both"), "--save-spikes", file("both")],
        /both" is written by the same command/,
      ],
    ];
    if (posix) {
      symlinkSync("model.onnx", file("soft.onnx"));
      refused.push(
        [["convert", model, "-o", file("soft.onnx"), "--scales", "analytic"], /expected another file/],
        [["convert", file("soft.onnx"), "-o", model, "--scales", "analytic"], /expected another file/],
      );
    }
    const alone = copy("alone.onnx");
    const network = file("alone.llif");
    expect(await llif(["convert", alone, "-o", network, "--scales", "analytic"])).toMatchObject({ code: 0 });
    const described =
      /alone\.json": expected another name, since it would be read as the description of ".*alone\.(onnx|llif)"/;
    const data = ["--data", digits, "--limit", "2", "--scales", "analytic"];
    for (const words of [
      ["evaluate", alone, ...data, "--manifest"],
      ["sweep", alone, ...data, "--plot"],
      ["diagnose", alone, ...data, "--plot"],
      ["run", alone, "--input", file("input.npy"), "--plot"],
      ["convert", alone, "--scales", "analytic", "-o"],
      ["to-relu", network, "-o"],
      ["simulate", network, "--seconds", "0.1", "--plot"],
    ])
      refused.push([[...words, file("alone.json")], described]);
    for (const [words, message] of refused)
      expect(await llif(words)).toMatchObject({ code: 1, out: "", err: expect.stringMatching(message) });
    expect(readFileSync(model)).toEqual(readFileSync(mnist8));
    expect(readFileSync(file("model.json"), "utf8")).toBe("{}");
    expect(existsSync(file("alone.json"))).toBe(false);
  });
});

it.runIf(posix)("inputs that have no end are refused", async () => {
  expect((await llif(["inspect", "/dev/zero"])).err).toBe('llif: "/dev/zero": expected a file, got a device\n');
});

describe("the program", () => {
  const started = (words: readonly string[]) => {
    const child = spawn(process.execPath, [program, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    let err = "";
    child.stderr.on("data", (part: Buffer) => void (err += String(part)));
    const ended = new Promise<{ code: number | null; signal: string | null; err: string }>((done) =>
      child.on("close", (code, signal) => done({ code, signal, err })),
    );
    return { child, ended };
  };

  it.runIf(posix).each(["wasm", "reference"])(
    "ends by one Ctrl-C while %s simulates without a break, and leaves nothing half-written",
    async (engine) => {
      writeFileSync(file("digit.npy"), writeNpy({ shape: [40, 28, 28], data: new Uint8Array(40 * 784).fill(120) }));
      const before = readdirSync(folder);
      const { child, ended } = started([
        "run",
        join(models, "mnist-cnn.onnx"),
        "--input",
        file("digit.npy"),
        "--code",
        "rate",
        "--schedule",
        "layerwise",
        "--ticks",
        "16000000",
        "--scales",
        "analytic",
        "--engine",
        engine,
        "--save-spikes",
        file("spikes.npz"),
      ]);
      setTimeout(() => child.kill("SIGINT"), 2500);
      // So many ticks leave weights no bits, which is told first.
      expect(await ended).toEqual({
        code: 130,
        signal: null,
        err: expect.stringMatching(/^(warning: dense1: its weights have [^\n]*\n)?llif: cancelled\n$/),
      });
      expect(readdirSync(folder)).toEqual(before);
    },
  );

  it.runIf(posix)("ends by Ctrl-C while it waits for a pipe, to read or to write", async () => {
    execFileSync("mkfifo", [file("quiet")]);
    for (const words of [
      ["inspect", file("quiet")],
      [...curve, "--plot", file("quiet")],
    ]) {
      const { child, ended } = started(words);
      setTimeout(() => child.kill("SIGINT"), 1500);
      expect(await ended).toEqual({ code: 130, signal: null, err: "llif: cancelled\n" });
    }
  });

  it.runIf(posix && existsSync("/dev/full"))("says in one line that its output is full", () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [program, "inspect", mnist8], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^llif: standard output: cannot be written \(ENOSPC.*\)\n$/),
    });
    const silent = spawnSync(process.execPath, [program, "inspect", file("nothing")], {
      stdio: ["ignore", "pipe", full],
      encoding: "utf8",
    });
    expect(silent.status).toBe(1);
    closeSync(full);
  });

  it.runIf(posix)("ends quietly where nobody reads any more", () => {
    const words = ["curve", "--points", "5000", "--ticks", "10", "--json"];
    const { stdout, stderr } = spawnSync(
      "bash",
      ["-c", `"$0" "$@" | head -c 5; echo " \${PIPESTATUS[0]}"`, process.execPath, program, ...words],
      { encoding: "utf8" },
    );
    expect({ stdout, stderr }).toEqual({ stdout: '{\n  " 141\n', stderr: "" });
  });
});
