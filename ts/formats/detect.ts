// Detects the format of a model file and reads it with that format's reader.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBoolean, checkBytes, checkFunction, checkObject, checkOptions, checkString } from "../check.ts";
import { LlifError } from "../errors.ts";
import { quoted } from "../text.ts";
import { checkBeside, type ReadBeside } from "./beside.ts";
import type { ModelDescription } from "./description.ts";
import { type Format, formats, formatTitles, type Model, type ModelFormat, type Reader } from "./registry.ts";
import { isHdf5 } from "./signatures.ts";

export interface ReadModelOptions {
  /** As in `LoadModelOptions`. */
  readonly batch?: boolean;
  readonly budget?: ReadBudget | Budget;
}

/**
 * Detects the format of a model file by its content: a safetensors container, HDF5 or an archive with a Keras model,
 * JSON, a pickle, or probably a protocol buffer.
 * @returns `undefined` for anything else.
 */
export function detectFormat(source: Uint8Array | ArrayBuffer | DataView): ModelFormat | undefined {
  return formatOf(checkBytes("model", source))?.name;
}

/**
 * Reads a model of any known format; the reader is loaded on demand.
 * @param fileName for messages, and for the network's name if the file has none.
 * @param readBeside reads the model's further files, if it has any.
 * @throws {LlifError} FORMAT for an unknown or corrupt file or one beyond the budget; errors of the reader.
 */
export async function readModel(
  source: Uint8Array | ArrayBuffer | DataView,
  fileName?: string,
  description?: ModelDescription,
  readBeside?: ReadBeside,
  options: ReadModelOptions = {},
): Promise<Model & { readonly format: ModelFormat }> {
  const bytes = checkBytes("model", source);
  if (fileName !== undefined) checkString("model: file name", fileName);
  if (description !== undefined) checkObject("model: description", description, "what parseDescription returns");
  if (readBeside !== undefined) checkFunction("model: readBeside", readBeside);
  checkOptions("readModel", options, { batch: true, budget: true });
  const { batch } = options;
  if (batch !== undefined) checkBoolean("model: batch", batch);
  const shown = fileName === undefined ? "model" : quoted(fileName, 500);
  const budget = openBudget(bytes.length, options.budget);
  const format = formatOf(bytes);
  if (format === undefined)
    throw new LlifError("FORMAT", `${shown}: expected a file of ${formatTitles()}, got ${describeUnknown(bytes)}`);
  const read: Reader = await budget.waiting(format.load());
  try {
    const model = await read({
      bytes,
      shown,
      fileName: fileName?.replace(/^.*[/\\]/, ""),
      description: description ?? {},
      readBeside: besideOf(shown, readBeside, budget),
      batch,
      budget,
    });
    return { ...model, format: format.name };
  } catch (error) {
    if (!(error instanceof LlifError) || error.message.startsWith(`${shown}:`)) throw error;
    throw new LlifError(error.code, `${shown}: ${error.message}`, { nodes: error.nodes, cause: error });
  }
}

function formatOf(bytes: Uint8Array): (Format & { readonly name: ModelFormat }) | undefined {
  return formats.find(({ detects }) => detects(bytes));
}

function describeUnknown(bytes: Uint8Array): string {
  if (bytes.length === 0) return "an empty file";
  return isHdf5(bytes)
    ? "HDF5 without a Keras model's configuration: weights alone (save the model with model.save), a truncated file, or another kind"
    : "bytes of another format";
}

function besideOf(shown: string, readBeside: ReadBeside | undefined, budget: Budget): ReadBeside {
  return async (path) => {
    checkBeside(path);
    if (readBeside === undefined)
      throw new LlifError(
        "ARGUMENT",
        `${shown}: its weights are in ${quoted(path)} beside it; load it by path or URL, or give readBeside`,
      );
    const bytes = checkBytes(
      `${shown}: what readBeside gave for ${quoted(path)}`,
      await budget.waiting(readBeside(path)),
    );
    budget.addFile(bytes.length);
    return bytes;
  };
}
