// A real page under a Content-Security-Policy: without `wasm-unsafe-eval` the reference engine simulates, in workers too.
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findCommand, requireOrSkip } from "../requires.ts";
import { runPage } from "./chromium.ts";

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const page = '<!doctype html><title>llif</title><script type="module" src="/page.js"></script>';
const script = `
import { createSimulator, pool, population, referenceEngine, wasmEngine } from "/dist/browser.js";
async function probe() {
  const warnings = [];
  const unhandled = [];
  console.warn = (text) => warnings.push(text);
  addEventListener("unhandledrejection", ({ reason }) => unhandled.push(String(reason)));
  const network = population({ weights: [[1, 2]], threshold: 1, ticks: 3 });
  const input = Float32Array.of(1, 0.5);
  const run = (simulator) => [simulator.engine, simulator.run(input).statistics.spikes];
  const told = (start) => start().then(() => "started", ({ name, code, message }) => [name, code, message]);
  const workers = [];
  for (const engine of ["auto", "reference"]) {
    const threads = await pool(network, { size: 1, engine });
    workers.push([threads.engine, (await threads.run(input)).statistics.spikes]);
    threads.dispose();
  }
  return {
    automatic: [run(await createSimulator(network)), run(await createSimulator(network))],
    reference: run(await referenceEngine().createSimulator(network)),
    workers,
    named: await told(() => wasmEngine().createSimulator(network)),
    path: await told(() => wasmEngine({ wasm: "/dist/llif.wasm" }).createSimulator(network)),
    page: await told(() => wasmEngine({ wasm: "/" }).createSimulator(network)),
    missing: await told(() => wasmEngine({ wasm: "missing.wasm" }).createSimulator(network)),
    warnings,
    unhandled,
  };
}
window.outcome = probe().then((value) => ({ value: JSON.stringify(value) }), (error) => ({ error: String(error.stack) }));
`;

let server: Server;
let host: string;
let policy = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    const url = request.url as string;
    const answer = async (): Promise<[string, string | Uint8Array]> => {
      if (url === "/") return ["text/html", page];
      if (url === "/page.js") return ["text/javascript", script];
      if (url === "/fflate.js") return ["text/javascript", await readFile(file("node_modules/fflate/esm/browser.js"))];
      if (url.endsWith(".wasm")) return ["application/octet-stream", await readFile(file(url))];
      return ["text/javascript", (await readFile(file(url), "utf8")).replaceAll('from "fflate"', 'from "/fflate.js"')];
    };
    answer().then(
      ([type, body]) =>
        response
          .writeHead(200, { "content-type": type, ...(policy === "" ? {} : { "content-security-policy": policy }) })
          .end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => server.close());

it.for([
  ["", "wasm"],
  ["default-src 'self'; script-src 'self' 'wasm-unsafe-eval'", "wasm"],
  ["default-src 'self'", "reference"],
] as const)("policy %j: auto is %s", async ([header, automatic], context) => {
  policy = header;
  const executable = requireOrSkip(
    context,
    findCommand("chromium", "chromium-browser", "google-chrome"),
    "chromium is not installed",
  );
  const forbidden = ["LlifError", "ENGINE", expect.stringContaining("'wasm-unsafe-eval'")];
  expect(await runPage(executable, host)).toEqual({
    automatic: [
      [automatic, 3],
      [automatic, 3],
    ],
    reference: ["reference", 3],
    workers: [
      [automatic, 3],
      ["reference", 3],
    ],
    named: automatic === "wasm" ? "started" : forbidden,
    path: automatic === "wasm" ? "started" : forbidden,
    page: [
      "LlifError",
      "ENGINE",
      `"${host}": the WebAssembly core did not start: expected a module, which begins with 00 61 73 6d, got status 200, content type text/html, ${page.length} bytes that begin with ${JSON.stringify(page.slice(0, 40))}`,
    ],
    missing: ["LlifError", "ENGINE", `"${host}missing.wasm": expected the WebAssembly core, got HTTP status 404`],
    warnings: automatic === "wasm" ? [] : [expect.stringMatching(/^llif: .*wasm-unsafe-eval.*reference engine/)],
    unhandled: [],
  });
});
