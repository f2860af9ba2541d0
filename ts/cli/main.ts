// The command line: its list of commands, and how errors are printed.
import { Command, CommanderError } from "commander";
import "../entry/node.ts";
import { LlifError } from "../errors.ts";
import { addBench } from "./bench.ts";
import { addConvert, addToRelu } from "./convert.ts";
import { addCurve } from "./curve.ts";
import { addDefault } from "./default.ts";
import { addDiagnose } from "./diagnose.ts";
import { addEvaluate } from "./evaluate.ts";
import { addInspect } from "./inspect.ts";
import { printableIo, type Io } from "./io.ts";
import { addLearn } from "./learn.ts";
import { packageVersion } from "./provenance.ts";
import { addReproduce } from "./reproduce.ts";
import { addRun } from "./run.ts";
import { addSimulate } from "./simulate.ts";
import { addSweep } from "./sweep.ts";

const help = `
Examples:
  llif models/mnist-cnn.onnx --data mnist             inspect, convert and evaluate
  llif evaluate models/mnist-8.onnx --data mnist --code rate --ticks 256 --limit 1000
  llif run models/mnist-8.onnx --input digit.png --plot raster.svg
  llif simulate brain.llif --seconds 1 --plot raster.svg
  llif curve --leak ohmic --plot curve.svg            one neuron: firing rate against current
  llif sweep models/mnist-8.onnx --data mnist --limit 500 --plot sweep.svg
  llif learn --data mnist -o learnt.onnx              learn features in spikes, without labels

"llif <command> --help" tells more. Results go to stdout, progress and warnings to stderr;
the exit code is 0, 1 on an error, 130 when cancelled, 70 on an unexpected error.`;

/** The program with all its commands. */
export function buildProgram(io: Io): Command {
  const program = new Command("llif")
    .description(
      "Maps trained ReLU networks to spiking networks of linear leaky integrate-and-fire neurons, simulates them, and measures the loss.",
    )
    .usage("<model> --data <set>\n       llif <command> [options]")
    .version(packageVersion(), "--version", "print the version")
    .helpOption("--help", "explain the command")
    .helpCommand(false)
    .addHelpText("after", help)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: () => undefined });
  for (const add of [
    addInspect,
    addConvert,
    addToRelu,
    addRun,
    addEvaluate,
    addReproduce,
    addDiagnose,
    addSimulate,
    addCurve,
    addSweep,
    addLearn,
    addBench,
    addDefault,
  ])
    add(program, io);
  return program;
}

/**
 * Runs one command line.
 * @param words the arguments after the program's name.
 * @returns the exit code: 0, 1 on an error, 70 on an internal error of llif, 130 when cancelled.
 */
export async function main(words: readonly string[], terminal: Io): Promise<number> {
  const io = printableIo(terminal);
  const program = buildProgram(io);
  try {
    if (words.length === 0) {
      io.out(program.helpInformation() + help);
      return 0;
    }
    await program.parseAsync([...words], { from: "user" });
    return 0;
  } catch (error) {
    io.progress("");
    return explain(error, io);
  }
}

/** Commander's message without the repeated option, placeholder and value. */
function plainly(message: string): string {
  const text = message.replace(/^error: /, "").replaceAll("\n", " ");
  const [, own] = /is invalid\. (--\S+: expected .*)\.$/.exec(text) ?? [];
  if (own !== undefined) return own;
  const [, option, value, allowed] =
    /^option '(?:-\w, )?(--\S+)[^']*' argument '(.*)' is invalid\. Allowed choices are (.*)\.$/.exec(text) ?? [];
  return option === undefined ? text : `${option}: expected one of ${allowed}, got "${value}"`;
}

function explain(error: unknown, io: Io): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    io.err(`llif: ${plainly(error.message)}`);
    return 1;
  }
  if (error instanceof LlifError && error.code === "ABORTED") {
    io.err("llif: cancelled");
    return 130;
  }
  if (error instanceof LlifError) {
    // Lists of refused nodes have one node per line.
    io.err(`llif: ${error.message.replace(/:\n\s*/, ": ").replaceAll(/\n\s*/g, "; ")}`);
    return 1;
  }
  const [message, stack] =
    error instanceof Error
      ? [`${error.name}: ${error.message.replaceAll(/\s*\n\s*/g, "; ")}`, error.stack]
      : [String(error), undefined];
  io.err(
    `llif: unexpected error, please report it: ${message}${process.env["LLIF_DEBUG"] ? `\n${stack ?? ""}` : " (LLIF_DEBUG=1 shows where)"}`,
  );
  return 70;
}
