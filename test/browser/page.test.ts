// The packed package in a Vite page, built and from the dev server, gives what Node gives.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, createServer, preview, type InlineConfig } from "vite";
import { installInEmptyProject, type Consumer } from "../packaging/consumer.ts";
import { findCommand, requireOrSkip } from "../requires.ts";
import { runPage } from "./chromium.ts";

const page = `<!doctype html><title>llif</title><script type="module">
import { probe } from "./probe.js";
window.outcome = probe().then((value) => ({ value: JSON.stringify(value) }), (error) => ({ error: String(error) }));
</script>`;

describe("a Vite page from the packed package", () => {
  let consumer: Consumer;
  let inNode: { wasm: unknown; reference: unknown };
  let settings: InlineConfig;

  beforeAll(() => {
    consumer = installInEmptyProject();
    consumer.write("index.html", page);
    consumer.write("main.js", 'import { probe } from "./probe.js";\nconsole.log(JSON.stringify(await probe()));\n');
    inNode = JSON.parse(consumer.run(process.execPath, "main.js"));
    expect(inNode.wasm).toEqual(inNode.reference);
    settings = {
      root: consumer.folder,
      configFile: false,
      logLevel: "error",
      build: { target: "esnext" },
      preview: { port: 0 },
      server: { port: 0 },
    };
  });
  afterAll(() => consumer?.remove());

  it("gives the same as Node when built", async (context) => {
    const executable = requireOrSkip(
      context,
      findCommand("chromium", "chromium-browser", "google-chrome"),
      "chromium is not installed",
    );
    const built = (await build(settings)) as { output: { fileName: string; code?: string }[] };
    const code = built.output.map((chunk) => chunk.code ?? "").join("");
    // This page neither plots nor reads model files: nothing of them may stand in its bundle.
    const has = (text: string) => code.includes(text);
    expect({
      simulator: has("was disposed"),
      plots: has("plots need the packages"),
      onnx: has("ONNX"),
      checksums: has("3988292384"),
    }).toEqual({ simulator: true, plots: false, onnx: false, checksums: false });
    const server = await preview(settings);
    try {
      expect(await runPage(executable, String(server.resolvedUrls?.local[0]))).toEqual(inNode);
    } finally {
      await server.close();
    }
  });

  it("gives the same as Node from the development server", async (context) => {
    const executable = requireOrSkip(
      context,
      findCommand("chromium", "chromium-browser", "google-chrome"),
      "chromium is not installed",
    );
    const server = await createServer(settings);
    try {
      await server.listen();
      expect(await runPage(executable, String(server.resolvedUrls?.local[0]))).toEqual(inNode);
    } finally {
      await server.close();
    }
  });
});
