// Decodes image files: PNG or JPEG, detected by content.
import { openBudget, type Budget, type ReadBudget } from "../budget.ts";
import { checkBytes } from "../check.ts";
import { LlifError } from "../errors.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodePng, isPng } from "./png.ts";
import type { DecodedImage } from "./decoded-image.ts";

/**
 * Decodes a PNG (any colour type and depth) or JPEG file. Alpha is dropped, 16 bits are rounded to 8, EXIF orientation
 * is ignored.
 * @param place name of the file for messages.
 * @throws {LlifError} `FORMAT` if the file is truncated, corrupt, of another format or beyond the budget.
 */
export function decodeImage(
  source: Uint8Array | ArrayBuffer,
  place = "image",
  budget?: ReadBudget | Budget,
): DecodedImage {
  const bytes = checkBytes(place, source);
  const opened = openBudget(bytes.length, budget);
  if (isPng(bytes)) return decodePng(bytes, place, opened);
  if (isJpeg(bytes)) return decodeJpeg(bytes, place, opened);
  throw new LlifError("FORMAT", `${place}: expected a PNG or JPEG file`);
}
