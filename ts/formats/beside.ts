// Paths of files beside a model, such as external weights. A model may name only files in or below its own folder.
import { LlifError } from "../errors.ts";
import { quoted } from "../text.ts";

/** Reads a further file of a model by its path relative to the first one. */
export type ReadBeside = (path: string) => Promise<Uint8Array>;

/**
 * Refuses a path that is not plainly relative, before it is used as a path or URL. `besideUrl` or the platform, after
 * following links, checks where it leads.
 */
export function checkBeside(path: string): string {
  // URLs drop tabs and line ends when they are parsed; no real file name has them.
  const plain = path !== "" && !/[\u0000-\u001f\u007f]/.test(path);
  const inside = plain && !/^([a-z][a-z0-9+.-]*:|[/\\])/i.test(path) && !path.split(/[/\\]/).includes("..");
  if (!inside) throw outside(path);
  return path;
}

/** The path of a file beside a local one. */
export function besidePath(model: string, path: string): string {
  checkBeside(path);
  return model.replace(/[^/\\]*$/, "") + path;
}

/**
 * The URL of a file beside another one: same origin, in or below its folder. For a `file:` URL the path is taken
 * literally, otherwise as a relative URL, as in TensorFlow.js.
 */
export function besideUrl(model: URL, path: string): URL {
  checkBeside(path);
  let url: URL;
  let below: string;
  try {
    const folder = new URL(".", model);
    url = new URL(model.protocol === "file:" ? path.split("/").map(encodeURIComponent).join("/") : path, folder);
    const same =
      url.protocol === folder.protocol &&
      url.host === folder.host &&
      url.username === folder.username &&
      url.password === folder.password;
    if (!same || !url.pathname.startsWith(folder.pathname)) throw outside(path);
    // A server may decode parts that the URL keeps encoded, such as "..%2f".
    below = decodeURIComponent(url.pathname.slice(folder.pathname.length));
  } catch (cause) {
    throw cause instanceof LlifError ? cause : outside(path, cause);
  }
  checkBeside(model.protocol === "file:" ? path : below);
  return url;
}

function outside(path: string, cause?: unknown): LlifError {
  return new LlifError(
    "FORMAT",
    `a file of the model is ${quoted(path)}; expected a path below the model's own folder`,
    { cause },
  );
}
