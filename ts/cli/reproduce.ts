// Command `llif reproduce`: repeats the run of a manifest and compares every digest.
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { LlifError } from "../errors.ts";
import { evaluateModel, type EvaluateFlags } from "./evaluate.ts";
import { exists, type Io } from "./io.ts";
import { learnAgain } from "./learning.ts";
import { makeManifest, readManifest, type Manifest } from "./manifest.ts";
import { openModel } from "./model-file.ts";
import { budgetOption, encodingChoice, jsonOption, type MappingChoice, type ReadingFlags } from "./options.ts";
import { formatReport } from "./report-text.ts";
import { toJson } from "./text.ts";
import { untilDecidedFlags, untilDecidedOf } from "./until-decided.ts";
import type { EvaluationReport } from "../analyze/evaluation-report.ts";

const help = `
Repeats the evaluation of a manifest (and learning, for one of llif learn) and compares hashes of the model, the data and the calibration images, and the digest of
all decisions and spike counts. The digest is the same in every runtime and on every processor. A different version of llif is
only noted. Exit code 1 if anything differs.

Example:
  llif evaluate models/mnist-8.onnx --data mnist --manifest run.json
  llif reproduce run.json
  llif reproduce docs/results/spread.json --run mnist-8-calibration-1`;

export function addReproduce(program: Command, io: Io): void {
  program
    .command("reproduce")
    .description("run the evaluation of a manifest again and check that nothing differs")
    .argument("<run.json>", "file written by llif evaluate --manifest or llif learn --manifest")
    .option("--run <name>", "name of the run, in a file with many")
    .addOption(budgetOption())
    .addOption(jsonOption())
    .addHelpText("after", help)
    .action(async (file: string, flags: Pick<ReadingFlags, "budget"> & { json?: boolean; run?: string }) => {
      const recorded = await readManifest(file, flags.run);
      const present = await runAgain(recorded, file, flags.budget, io);
      const differences = compare(recorded, present);
      const notes = compareNotes(recorded, present);
      if (flags.json === true)
        io.out(toJson({ reproduced: differences.length === 0, differences, notes, manifest: present }));
      else
        io.out(
          [
            formatReport(present.report),
            ...notes,
            differences.length === 0 ? "reproduced: every decision and every spike count is the same" : "",
          ]
            .filter(Boolean)
            .join("\n"),
        );
      if (differences.length > 0)
        throw new LlifError(
          "DATA",
          `"${file}"${flags.run === undefined ? "" : ` (${flags.run})`}: not reproduced: ${differences.join("; ")}`,
        );
    });
}

async function runAgain(recorded: Manifest, file: string, budget: ReadingFlags["budget"], io: Io): Promise<Manifest> {
  const beside = join(dirname(file), recorded.model.path);
  const { batch } = recorded.model;
  const learnt = recorded.learning === undefined ? null : await learnAgain(recorded.learning, recorded.model.path, io);
  const model =
    learnt?.model ??
    (await openModel(
      !(await exists(recorded.model.path)) && (await exists(beside)) ? beside : recorded.model.path,
      io,
      { budget, ...(batch === undefined ? {} : { batch: batch ? "yes" : "no" }) },
    ));
  const { mapping, calibration, data, engine, encoding, allowOverlap } = recorded;
  const flags: EvaluateFlags = {
    ...(mapping === null ? {} : mappingFlags(mapping)),
    ...(recorded.ticks === null ? {} : { ticks: recorded.ticks }),
    ...(calibration === null ? {} : { calibration: calibration.name, calibrationImages: calibration.images }),
    ...(recorded.seed === null ? {} : { seed: recorded.seed }),
    ...(encoding === undefined
      ? {}
      : { encoding: encoding.encoding, ...(encoding.encoding === "poisson" ? { poissonSeed: encoding.seed } : {}) }),
    ...(data.limit === null ? {} : { limit: data.limit }),
    data: data.name,
    split: data.split,
    engine,
    allowOverlap,
    ...untilDecidedFlags(recorded.untilDecided),
  };
  const outcome = await evaluateModel(model, flags, io);
  return makeManifest({
    ...outcome,
    model,
    data: { name: data.name, split: data.split, limit: flags.limit, sha256: outcome.dataHash },
    seed: flags.seed,
    engine,
    encoding: encodingChoice(flags),
    allowOverlap,
    ...untilDecidedOf(flags),
    ...(learnt === null ? {} : { learning: learnt.record }),
  });
}

/** Manifests older than the option `ahead` were of networks where all layers skip none. */
function mappingFlags(mapping: MappingChoice): Partial<EvaluateFlags> {
  return { ...(mapping.lazy === undefined ? {} : { ahead: 0 }), ...(mapping as Partial<EvaluateFlags>) };
}

function compare(recorded: Manifest, present: Manifest): string[] {
  const checks: [string, string | null | undefined, string | null | undefined][] = [
    ["the images to learn from", recorded.learning?.images, present.learning?.images],
    ["what was learnt", recorded.learning?.learnt, present.learning?.learnt],
    ["the model file", recorded.model.sha256, present.model.sha256],
    ["the model's description", recorded.model.descriptionSha256, present.model.descriptionSha256],
    ["the data", recorded.data.sha256, present.data.sha256],
    ["the calibration images", recorded.calibration?.sha256, present.calibration?.sha256],
    ["the margins", ...marginsOf(recorded.report, present.report)],
    ["the digest of decisions and spike counts", recorded.digest, present.digest],
  ];
  return checks
    .filter(([, was, is]) => was !== is)
    .map(([what, was, is]) => `${what}: expected ${short(was)}, got ${short(is)}`);
}

function marginsOf(...reports: readonly EvaluationReport[]): [string | undefined, string | undefined] {
  const [was, is] = reports.map(({ untilDecided }) => untilDecided?.margins.margins.join(" "));
  return [was, is];
}

function compareNotes(recorded: Manifest, present: Manifest): string[] {
  const checks: [string, string, string][] = [
    ["llif", recorded.llif, present.llif],
    ["WebAssembly core", short(recorded.wasm), short(present.wasm)],
    ["runtime", recorded.runtime, present.runtime],
    ["processor", recorded.processor, present.processor],
  ];
  return checks.filter(([, was, is]) => was !== is).map(([what, was, is]) => `note: ${what} was ${was}, is ${is}`);
}

function short(hash: string | null | undefined): string {
  return hash === null || hash === undefined ? "none" : hash.slice(0, 12);
}
