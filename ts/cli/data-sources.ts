// Fetches packages from npm, PyPI and Debian with their own clients; none of their code is run.
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { LlifError, throwIfAborted } from "../errors.ts";
import { readTar } from "../data/tar.ts";

/** Files of an npm package by path. Its code is not run. */
export async function filesOfNpmPackage(
  spec: string,
  folder: string,
  signal?: AbortSignal,
): Promise<Map<string, Uint8Array>> {
  const tarball = await archiveOfNpmPackage(spec, folder, signal);
  const place = `npm package ${spec}`;
  let archive: Uint8Array;
  try {
    archive = gunzipSync(tarball);
  } catch (cause) {
    throw new LlifError("FORMAT", `${place}: truncated or corrupt tarball`, { cause });
  }
  return new Map([...readTar(archive, place)].map(([path, bytes]) => [path.replace(/^[^/]+\//, ""), bytes]));
}

/** Tarball of an npm package. */
export async function archiveOfNpmPackage(spec: string, folder: string, signal?: AbortSignal): Promise<Uint8Array> {
  const install = `it comes with Node; or fetch "${spec}" by hand`;
  await run("npm", ["pack", spec, "--silent", "--ignore-scripts"], { folder, signal, install });
  return onlyFile(folder, ".tgz", `npm package ${spec}: npm pack`);
}

/** Wheel of a Python package. Nothing is installed. */
export async function archiveOfPythonPackage(spec: string, folder: string, signal?: AbortSignal): Promise<Uint8Array> {
  const install = `it comes with Python; or fetch "${spec}" by hand`;
  const words = [
    "-m",
    "pip",
    "download",
    spec,
    "--no-deps",
    "--only-binary",
    ":all:",
    "--quiet",
    "--disable-pip-version-check",
  ];
  await run(process.platform === "win32" ? "python" : "python3", words, { folder, signal, install });
  return onlyFile(folder, ".whl", `Python package ${spec}: pip download`);
}

/** Files of a Debian package by path. Nothing is installed, and root rights are not needed. */
export async function filesOfDebianPackage(
  name: string,
  folder: string,
  signal?: AbortSignal,
): Promise<Map<string, Uint8Array>> {
  const install = "it is part of Debian and Ubuntu";
  const download = (): Promise<Uint8Array> => run("apt-get", ["download", name], { folder, signal, install });
  try {
    await download();
  } catch (first) {
    throwIfAborted(signal);
    if (!(first instanceof LlifError) || first.code === "FILE") throw first;
    if (process.getuid?.() !== 0)
      throw new LlifError("DATA", `${first.message}; try after "sudo apt-get update"`, { cause: first });
    await run("apt-get", ["update", "-qq"], { folder, signal, install });
    await download();
  }
  const archive = (await readdir(folder)).find((file) => file.endsWith(".deb"));
  if (archive === undefined) throw new LlifError("DATA", `Debian package ${name}: apt-get download left no .deb file`);
  const tar = await run("dpkg-deb", ["--fsys-tarfile", archive], { folder, signal, install });
  return readTar(tar, `Debian package ${name}`);
}

async function onlyFile(folder: string, ending: string, what: string): Promise<Uint8Array> {
  const name = (await readdir(folder)).find((file) => file.endsWith(ending));
  if (name === undefined) throw new LlifError("DATA", `${what} left no ${ending} file`);
  return readFile(join(folder, name));
}

interface RunOptions {
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
  /** Where to get the command if it is missing. */
  readonly install: string;
}

/**
 * Runs a command without input.
 * @returns its standard output.
 * @throws {LlifError} `FILE` if the command does not exist, `DATA` with the end of its standard error if it fails,
 * `ABORTED`.
 */
function run(command: string, args: readonly string[], { folder, signal, install }: RunOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // On Windows npm is a script, which only a shell can start. All arguments are constants of this package.
    const child = spawn(command, args, {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    const output: Uint8Array[] = [];
    const complaints: string[] = [];
    child.stdout.on("data", (chunk: Uint8Array) => output.push(chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => complaints.push(chunk));
    const stop = (): boolean => child.kill("SIGTERM");
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
    child.on("error", (cause: NodeJS.ErrnoException) => {
      signal?.removeEventListener("abort", stop);
      const reason = cause.code === "ENOENT" ? `was not found: ${install}` : `could not be started (${cause.message})`;
      reject(new LlifError("FILE", `"${command}" ${reason}`, { cause }));
    });
    // "close", not the abort event: the child must have ended before the work folder is removed.
    child.on("close", (code) => {
      signal?.removeEventListener("abort", stop);
      if (signal?.aborted) return reject(new LlifError("ABORTED", "cancelled", { cause: signal.reason }));
      if (code === 0) return resolve(Buffer.concat(output));
      const lines = complaints
        .join("")
        .split("\n")
        .filter((line) => line.trim() !== "" && !/^(W:|npm warn)/i.test(line));
      reject(
        new LlifError(
          "DATA",
          `"${command} ${args.join(" ")}" failed: ${lines.slice(-4).join("; ") || `exit code ${code}`}`,
        ),
      );
    });
  });
}
