// Reads a model's description, a JSON file beside it: input convention and class names.
import { LlifError } from "../errors.ts";
import { checkFinite, checkInteger, checkObject } from "../check.ts";
import { checkConvention } from "../relu/check.ts";
import { defaultConvention, type InputConvention } from "../relu/network.ts";

/** The content of the JSON file beside a model. */
export interface ModelDescription {
  readonly name?: string;
  readonly convention: InputConvention;
  readonly classes: readonly string[];
  /** Accuracy of the model, measured after training, from 0 to 1. */
  readonly accuracy?: {
    readonly data?: string;
    readonly split?: string;
    readonly samples?: number;
    readonly correct?: number;
    readonly value: number;
  };
}

/**
 * Reads the parsed JSON of a model's description: `name`, `classes`, `accuracy` (a number, or an object with `value`)
 * and `input` (`scale`, `mean`, `std`, `channelOrder`, `resize`, `crop`). Absent keys take the default convention;
 * other keys are ignored.
 * @throws {LlifError} ARGUMENT or SHAPE naming the key.
 */
export function parseDescription(json: unknown): ModelDescription {
  const record = asRecord("model description", json);
  const classes = record.classes === undefined ? [] : texts("model description: classes", record.classes);
  return {
    ...(record.name === undefined ? {} : { name: text("model description: name", record.name) }),
    convention: record.input === undefined ? defaultConvention : parseConvention(record.input),
    classes,
    ...(record.accuracy === undefined ? {} : { accuracy: parseAccuracy(record.accuracy) }),
  };
}

const inputKeys = ["scale", "mean", "std", "channelOrder", "resize", "crop"];

function parseConvention(json: unknown): InputConvention {
  const place = "model description: input";
  const record = asRecord(place, json);
  for (const key of Object.keys(record)) {
    if (!inputKeys.includes(key))
      throw new LlifError("ARGUMENT", `${place}: expected the keys ${inputKeys.join(", ")}, got "${key}"`);
  }
  const order = record.channelOrder ?? defaultConvention.channelOrder;
  if (order !== "RGB" && order !== "BGR" && order !== "gray") {
    throw new LlifError(
      "ARGUMENT",
      `${place}: channelOrder: expected one of RGB, BGR, gray, got ${JSON.stringify(order)}`,
    );
  }
  const convention: InputConvention = {
    scale: record.scale === undefined ? defaultConvention.scale : checkFinite(`${place}: scale`, record.scale),
    mean: record.mean === undefined ? defaultConvention.mean : numbers(`${place}: mean`, record.mean),
    std: record.std === undefined ? defaultConvention.std : numbers(`${place}: std`, record.std),
    channelOrder: order,
    ...(record.resize === undefined ? {} : { resize: extents(`${place}: resize`, record.resize) }),
    ...(record.crop === undefined ? {} : { crop: extents(`${place}: crop`, record.crop) }),
  };
  checkConvention("model description", convention);
  return convention;
}

function parseAccuracy(json: unknown): NonNullable<ModelDescription["accuracy"]> {
  const place = "model description: accuracy";
  if (typeof json === "number") return { value: checkFinite(place, json, { from: 0, to: 1 }) };
  const record = asRecord(place, json);
  return {
    ...(record.data === undefined ? {} : { data: text(`${place}: data`, record.data) }),
    ...(record.split === undefined ? {} : { split: text(`${place}: split`, record.split) }),
    ...(record.samples === undefined ? {} : { samples: checkInteger(`${place}: samples`, record.samples, 1) }),
    ...(record.correct === undefined ? {} : { correct: checkInteger(`${place}: correct`, record.correct, 0) }),
    value: checkFinite(`${place}: value`, record.value, { from: 0, to: 1 }),
  };
}

function asRecord(place: string, json: unknown): Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new LlifError(
      "ARGUMENT",
      `${place}: expected an object, got ${json === null ? "null" : Array.isArray(json) ? "an array" : typeof json}`,
    );
  }
  return checkObject(place, json) as Record<string, unknown>;
}

function text(place: string, value: unknown): string {
  if (typeof value !== "string") throw new LlifError("ARGUMENT", `${place}: expected a string, got ${typeof value}`);
  return value;
}

function list(place: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new LlifError("ARGUMENT", `${place}: expected an array, got ${typeof value}`);
  return value;
}

function texts(place: string, value: unknown): string[] {
  return list(place, value).map((element, index) => text(`${place}[${index}]`, element));
}

/** A list of numbers; a single number is a list of one. */
function numbers(place: string, value: unknown): number[] {
  if (typeof value === "number") return [checkFinite(place, value)];
  return list(place, value).map((element, index) => checkFinite(`${place}[${index}]`, element));
}

/** [height, width]; a single number is a square. */
function extents(place: string, value: unknown): readonly [number, number] {
  if (typeof value === "number") return [checkInteger(place, value, 1), value];
  const values = list(place, value).map((element, index) => checkInteger(`${place}[${index}]`, element, 1));
  if (values.length !== 2)
    throw new LlifError("SHAPE", `${place}: expected [height, width], got ${values.length} values`);
  return [values[0], values[1]];
}
