// Compiles the WebAssembly module from a URL, path, response, blob, bytes or module.
import { checkBytes, describe } from "../check.ts";
import { LlifError } from "../errors.ts";
import { currentPlatform } from "../platform.ts";
import { quoted } from "../text.ts";

/**
 * Compiles the core. Values are distinguished by their tags, so that values of another realm or of a polyfill work too.
 * @throws {LlifError} ARGUMENT for an invalid source, ENGINE for one that cannot be read or is not the core; errors of
 * WebAssembly.
 */
export async function moduleOf(source: unknown): Promise<WebAssembly.Module> {
  const given = await source;
  if (tagOf(given) === "WebAssembly.Module") return theCore("wasm", given as WebAssembly.Module);
  const { name, bytes, answer } = await contentOf(given);
  if (![0x00, 0x61, 0x73, 0x6d].every((byte, index) => bytes[index] === byte)) {
    const came = [
      ...(answer === undefined
        ? []
        : [`status ${answer.status}`, `content type ${answer.headers?.get("content-type") ?? "unknown"}`]),
      `${bytes.length} bytes`,
    ].join(", ");
    throw new LlifError(
      "ENGINE",
      `${name}: the WebAssembly core did not start: expected a module, which begins with 00 61 73 6d, got ${came}${bytes.length === 0 ? "" : ` that begin with ${beginningOf(bytes)}`}`,
    );
  }
  // Not compileStreaming: many servers send no `application/wasm`, and the module is small.
  return theCore(name, await WebAssembly.compile(bytes));
}

interface Content {
  /** Names the source in messages. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly answer?: Response;
}

async function contentOf(given: unknown): Promise<Content> {
  if (typeof given === "string") return contentAt(given);
  if (ArrayBuffer.isView(given) || ["ArrayBuffer", "SharedArrayBuffer"].includes(tagOf(given)))
    return { name: "wasm", bytes: checkBytes("wasm", given) };
  if (typeof given === "object" && given !== null) {
    if (tagOf(given) === "URL") return contentAt(new URL((given as URL).href));
    if (typeof (given as Blob).arrayBuffer === "function") return contentIn("wasm", given as Response | Blob);
  }
  throw new LlifError(
    "ARGUMENT",
    `wasm: expected a URL, a path, a Response, a Blob, bytes or a WebAssembly.Module, got ${describe(given)}`,
  );
}

/** If there is a file system, a string is a path unless it is clearly a URL. */
async function contentAt(place: string | URL): Promise<Content> {
  const { readFile } = currentPlatform();
  const name = quoted(String(place), 200);
  const isPath = typeof place === "string" && readFile !== undefined && !/^(https?|file|data|blob):/i.test(place);
  const url = isPath || place instanceof URL ? place : urlOf(place);
  if (readFile === undefined || (url instanceof URL && url.protocol !== "file:"))
    return contentIn(name, await read(name, () => fetch(url)));
  return { name, bytes: await read(name, () => readFile(url)) };
}

function urlOf(text: string): URL {
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } };
  const base = document?.baseURI ?? location?.href;
  try {
    return new URL(text, base);
  } catch (cause) {
    throw new LlifError(
      "ARGUMENT",
      `wasm: expected a URL${base === undefined ? ", absolute where there is no page," : ""} got ${quoted(text)}`,
      { cause },
    );
  }
}

async function contentIn(name: string, body: Response | Blob): Promise<Content> {
  const answer = tagOf(body) === "Response" ? (body as Response) : undefined;
  const called = answer === undefined || answer.url === "" ? name : quoted(answer.url, 200);
  if (answer?.ok === false)
    throw new LlifError("ENGINE", `${called}: expected the WebAssembly core, got HTTP status ${answer.status}`);
  const bytes = await read(called, async () => new Uint8Array(await body.arrayBuffer()));
  return { name: called, bytes, ...(answer === undefined ? {} : { answer }) };
}

async function read<T>(name: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (cause) {
    throw new LlifError("ENGINE", `${name}: the WebAssembly core cannot be read (${reasonOf(cause)})`, { cause });
  }
}

function theCore(name: string, module: WebAssembly.Module): WebAssembly.Module {
  if (WebAssembly.Module.exports(module).some((exported) => exported.name === "rawsimulator_new")) return module;
  throw new LlifError("ENGINE", `${name}: expected the WebAssembly core of llif, got another module`);
}

/** The first bytes, as text if they are text. */
function beginningOf(bytes: Uint8Array): string {
  const head = bytes.subarray(0, 40);
  const text = head.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09);
  return text
    ? quoted(String.fromCharCode(...head))
    : Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** `fetch` puts the reason into its cause. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
}
