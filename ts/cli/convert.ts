// Commands `llif convert` and `llif to-relu`: from a ReLU network to a spiking one, and back.
import { Option, type Command } from "commander";
import { LlifError } from "../errors.ts";
import { writeLlif } from "../formats/llif.ts";
import { writeOnnx } from "../formats/onnx/write.ts";
import { formatTitles } from "../formats/registry.ts";
import { formatSummary, summarize } from "../mapping/summary.ts";
import { populationsOf } from "../spiking/network.ts";
import { sizeOf } from "../tensor.ts";
import { refuseIdle } from "./idle-options.ts";
import type { Io } from "./io.ts";
import { openModel, requireRelu } from "./model-file.ts";
import { checkOutputs, writeOutput } from "./outputs.ts";
import {
  addMappingOptions,
  batchOption,
  budgetOption,
  describeChoice,
  jsonOption,
  mappingChoice,
  type MappingFlags,
  type ReadingFlags,
} from "./options.ts";
import { settleBits } from "./auto-bits.ts";
import { maximaOf } from "./calibrate.ts";
import { convert, openCalibration } from "./pipeline.ts";
import { formatCount, toJson } from "./text.ts";

const convertHelp = `
The scales need images: --calibration. (--scales analytic needs none, but fits shallow networks only.) A .llif file holds the spiking network whole;
llif run, evaluate and to-relu take it.

Examples:
  llif convert models/mnist-cnn.onnx -o mnist-cnn.llif --calibration mnist
  llif convert models/mnist-8.onnx -o slow.llif --code rate --ticks 256 --calibration mnist
  llif convert models/mnist-mlp.onnx -o mlp.llif --bits 10 --scales analytic`;

const reluHelp = `
The weights come back as the spiking network has them: within half a quantum of its integers for the exact codes,
up to float32 rounding for synchronous rate.

Example:
  llif to-relu mnist-cnn.llif -o back.onnx`;

export function addConvert(program: Command, io: Io): void {
  const command = program
    .command("convert")
    .description("map a ReLU network to a spiking network and write it as a .llif file")
    .argument("<model>", `file of ${formatTitles("relu")}`)
    .addOption(outputOption("<file.llif>"));
  addMappingOptions(command)
    .addOption(budgetOption())
    .addOption(batchOption())
    .addOption(jsonOption())
    .addHelpText("after", convertHelp)
    .action(async (path: string, flags: MappingFlags & ReadingFlags & { output: string; json?: boolean }) => {
      const model = await openModel(path, io, flags);
      await checkOutputs([flags.output], model.files, model.files.slice(0, 1));
      if (model.spiking !== undefined)
        throw new LlifError(
          "ARGUMENT",
          `"${path}": expected a ReLU network, got a spiking one; llif to-relu makes a ReLU network of it`,
        );
      refuseIdle(command, model);
      const wanted = mappingChoice(flags);
      const calibration = await openCalibration(flags, wanted, undefined, model.relu, io);
      const choice = await settleBits(model.relu, wanted, calibration, io);
      const network = await convert(model.relu, choice, calibration, io);
      const bytes = writeLlif(network);
      await writeOutput(flags.output, bytes, io.signal);
      const neurons = populationsOf(network).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
      const maxima =
        calibration?.heldOut == null
          ? undefined
          : await maximaOf(model.relu, calibration.heldOut, calibration.cached, io);
      io.progress("");
      const summary = summarize(network, { relu: model.relu, ...(maxima === undefined ? {} : { maxima }) });
      const { layers, folded, clipping, warnings, latencyTicks } = summary;
      const facts = {
        model: model.name,
        output: flags.output,
        bytes: bytes.length,
        mapping: choice,
        neurons,
        windowTicks: network.windowTicks,
        latencyTicks,
        layers,
        folded,
        clipping,
        warnings,
      };
      const line = `${flags.output}: ${model.name}, ${describeChoice(choice)}, ${formatCount(neurons)} neurons, ${latencyTicks} ticks to a decision (${formatCount(bytes.length / 1024)} KiB)`;
      io.out(flags.json === true ? toJson(facts) : `${line}\n\n${formatSummary(summary)}`);
    });
}

export function addToRelu(program: Command, io: Io): void {
  program
    .command("to-relu")
    .description("convert a spiking network back to its ReLU network and write it as an ONNX file")
    .argument("<file.llif>", "spiking network written by llif convert")
    .addOption(outputOption("<model.onnx>"))
    .addOption(budgetOption())
    .addOption(jsonOption())
    .addHelpText("after", reluHelp)
    .action(async (path: string, flags: ReadingFlags & { output: string; json?: boolean }) => {
      const model = await openModel(path, io, flags);
      await checkOutputs([flags.output], model.files, model.files.slice(0, 1));
      if (model.spiking === undefined)
        throw new LlifError("ARGUMENT", `"${path}": expected a .llif file, got a ReLU network`);
      requireRelu(model);
      const bytes = writeOnnx(model.relu);
      await writeOutput(flags.output, bytes, io.signal);
      io.out(
        flags.json === true
          ? toJson({ model: model.name, output: flags.output, bytes: bytes.length })
          : `${flags.output}: ${model.name} (${formatCount(bytes.length / 1024)} KiB)`,
      );
    });
}

function outputOption(placeholder: string): Option {
  return new Option(`-o, --output ${placeholder}`, "file to write").makeOptionMandatory();
}
