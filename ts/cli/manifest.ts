// Manifests: records of a run that `llif reproduce` can repeat and compare.
import { cpus } from "node:os";
import { LlifError } from "../errors.ts";
import { digestBytes, type Evaluation } from "../analyze/evaluation.ts";
import type { EvaluationReport } from "../analyze/evaluation-report.ts";
import { contentHash, sha256, type Split } from "../data/dataset.ts";
import type { OpenModel } from "./model-file.ts";
import { readInput } from "./io.ts";
import type { EncodingChoice } from "../analyze/encoding.ts";
import type { EngineChoice, MappingChoice } from "./options.ts";
import type { Calibration } from "./calibrate.ts";
import type { LearningRecord } from "./learning.ts";
import type { UntilDecidedChoice } from "./until-decided.ts";
import { packageVersion, wasmHash } from "./provenance.ts";

/** Everything that an evaluation depends on, and a digest of its results. */
export interface Manifest {
  readonly llif: string;
  /** SHA-256 of the WebAssembly core. */
  readonly wasm: string;
  readonly model: {
    readonly path: string;
    readonly sha256: string;
    readonly descriptionSha256: string | null;
    readonly batch?: boolean;
  };
  readonly data: {
    readonly name: string;
    readonly split: Split;
    readonly limit: number | null;
    readonly sha256: string;
  };
  readonly calibration: { readonly name: string; readonly images: number; readonly sha256: string } | null;
  /** Null for a .llif file, which is already mapped. */
  readonly mapping: MappingChoice | null;
  readonly seed: number | null;
  readonly engine: EngineChoice;
  /** Absent for constant current. */
  readonly encoding?: EncodingChoice;
  readonly ticks: number | null;
  readonly allowOverlap: boolean;
  /** `--until-decided`; absent without it. */
  readonly untilDecided?: UntilDecidedChoice;
  /** How `llif learn` made the model; absent for a model from a file. */
  readonly learning?: LearningRecord;
  readonly runtime: string;
  readonly processor: string;
  /** SHA-256 of all decisions and spike counts: the same in every runtime and on every processor. */
  readonly digest: string;
  readonly report: EvaluationReport;
}

export interface ManifestParts {
  readonly model: OpenModel;
  readonly data: { readonly name: string; readonly split: Split; readonly limit?: number; readonly sha256: string };
  readonly calibration: Calibration | null;
  readonly mapping: MappingChoice | null;
  readonly seed?: number;
  readonly engine: EngineChoice;
  readonly encoding: EncodingChoice;
  readonly ticks?: number;
  readonly allowOverlap: boolean;
  readonly untilDecided?: UntilDecidedChoice;
  readonly learning?: LearningRecord;
  readonly evaluation: Evaluation;
  readonly report: EvaluationReport;
}

export async function makeManifest(parts: ManifestParts): Promise<Manifest> {
  const { model, data, calibration } = parts;
  return {
    llif: packageVersion(),
    wasm: await wasmHash(),
    model: {
      path: model.path,
      sha256: model.hash,
      descriptionSha256: model.descriptionHash,
      ...(model.batch === undefined ? {} : { batch: model.batch }),
    },
    data: { name: data.name, split: data.split, limit: data.limit ?? null, sha256: data.sha256 },
    calibration:
      calibration === null
        ? null
        : { name: calibration.name, images: calibration.images.count, sha256: await contentHash(calibration.images) },
    mapping: parts.mapping,
    seed: parts.seed ?? null,
    engine: parts.engine,
    ...(parts.encoding.encoding === "constant" ? {} : { encoding: parts.encoding }),
    ticks: parts.ticks ?? null,
    allowOverlap: parts.allowOverlap,
    ...(parts.untilDecided === undefined ? {} : { untilDecided: parts.untilDecided }),
    ...(parts.learning === undefined ? {} : { learning: parts.learning }),
    runtime: `Node ${process.versions.node}`,
    processor: `${cpus()[0]?.model.trim() ?? "unknown"} (${process.arch})`,
    digest: await sha256(digestBytes(parts.evaluation)),
    report: parts.report,
  };
}

/**
 * @param run name of the run, in a file with many: `{ runs: [{ name, manifest }] }`.
 * @throws {LlifError} FORMAT if the file is not a manifest, ARGUMENT if it does not contain the run.
 */
export async function readManifest(path: string, run?: string): Promise<Manifest> {
  const text = new TextDecoder().decode(await readInput(path));
  let content: (Partial<Manifest> & { readonly runs?: unknown }) | null;
  try {
    content = JSON.parse(text) as typeof content;
  } catch (cause) {
    throw new LlifError("FORMAT", `"${path}": expected a manifest written by llif evaluate --manifest, got no JSON`, {
      cause,
    });
  }
  if (run !== undefined && !Array.isArray(content?.runs))
    throw new LlifError("ARGUMENT", `--run: expected a file with many runs; "${path}" is a single run`);
  const manifest: Partial<Manifest> | null | undefined = Array.isArray(content?.runs)
    ? runNamed(path, content.runs as NamedRun[], run)
    : content;
  const texts = [
    manifest?.llif,
    manifest?.digest,
    manifest?.engine,
    manifest?.model?.path,
    manifest?.model?.sha256,
    manifest?.data?.name,
    manifest?.data?.sha256,
  ];
  if (texts.some((value) => typeof value !== "string")) {
    throw new LlifError("FORMAT", `"${path}": expected a manifest written by llif evaluate --manifest, got other JSON`);
  }
  return manifest as Manifest;
}

interface NamedRun {
  readonly name?: string;
  readonly manifest?: Partial<Manifest>;
}

function runNamed(path: string, runs: readonly (NamedRun | null)[], name: string | undefined): Partial<Manifest> {
  const found =
    name === undefined && runs.length === 1
      ? runs[0]
      : runs.find((run) => run?.name !== undefined && run.name === name);
  if (found?.manifest !== undefined) return found.manifest;
  const names = runs.flatMap((run) => (run?.manifest === undefined ? [] : [run.name])).join(", ");
  throw new LlifError(
    "ARGUMENT",
    `"${path}": expected --run with one of ${names}, got ${name === undefined ? "none" : `"${name}"`}`,
  );
}
