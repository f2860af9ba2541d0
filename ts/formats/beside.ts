import { LlifError } from "../errors.ts";

/** Reads a further file of a model, by its path relative to the first one. */
export type ReadBeside = (path: string) => Promise<Uint8Array>;

/** A model file may name only files in or below its own folder. */
export function checkBeside(path: string): string {
  const inside = !/^([a-z][a-z+.-]*:|[/\\])/i.test(path) && !path.split(/[/\\]/).includes("..");
  if (!inside) throw new LlifError("FORMAT", `a file of the model is "${path}"; expected a path below the model's own folder`);
  return path;
}
