// `llif <model> --data <set>`, without a command: inspects, converts and evaluates in one go.
import type { Command } from "commander";
import { LlifError } from "../errors.ts";
import { evaluateModel, type EvaluateFlags } from "./evaluate.ts";
import { formatInspection, inspect } from "./inspect.ts";
import { refuseGiven, refuseIdle } from "./idle-options.ts";
import { exists, type Io } from "./io.ts";
import { openModel } from "./model-file.ts";
import { isPublishedModel, publishedModelNames } from "./published-models.ts";
import {
  addDataOptions,
  addEncodingOptions,
  addMappingOptions,
  batchOption,
  budgetOption,
  engineOption,
  jsonOption,
} from "./options.ts";
import { formatReport } from "./report-text.ts";
import { toJson } from "./text.ts";

/** `llif <model> --data <set>`: inspects, converts and evaluates. */
export function addDefault(program: Command, io: Io): void {
  const command = program
    .command("all", { isDefault: true, hidden: true })
    .usage("<model> --data <set>")
    .description("inspect, convert and evaluate a model")
    .argument("<model>");
  addEncodingOptions(addMappingOptions(addDataOptions(command, false)))
    .addOption(engineOption())
    .option("--allow-overlap", "evaluate although some images were used for calibration")
    .addOption(budgetOption())
    .addOption(batchOption())
    .addOption(jsonOption())
    .action(async (path: string, flags: Omit<EvaluateFlags, "data"> & { data?: string }) => {
      const commands = program.commands.map((each) => each.name()).filter((name) => name !== "all");
      if (!/[./\\]/.test(path) && !isPublishedModel(path) && !(await exists(path))) {
        throw new LlifError(
          "ARGUMENT",
          `"${path}": expected a model file, a published model (${publishedModelNames.join(", ")}) or one of the commands ${commands.join(", ")}`,
        );
      }
      if (flags.data === undefined)
        refuseGiven(
          command,
          command.options
            .map((option) => option.attributeName())
            .filter((name) => !["json", "budget", "batch"].includes(name)),
          "expected --data <set> as well, to evaluate",
        );
      const model = await openModel(path, io, flags);
      refuseIdle(command, model);
      const inspection = await inspect(model);
      if (flags.json !== true) io.out(`${formatInspection(inspection)}\n`);
      if (flags.data === undefined) {
        if (flags.json === true) io.out(toJson({ inspection }));
        else
          io.out(
            "To evaluate it as well: --data mnist, fashion-mnist, cifar10, imagenet-sample or a folder of images.",
          );
        return;
      }
      const { report } = await evaluateModel(model, { ...flags, data: flags.data }, io);
      io.out(flags.json === true ? toJson({ inspection, evaluation: report }) : formatReport(report));
    });
}
