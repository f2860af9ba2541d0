// The page of examples/page, from a plain file server: it draws, follows its slider, and llif gives the spikes of the
// simulator in plain JavaScript.
import { createServer, type Server } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findCommand, requireOrSkip } from "../requires.ts";
import { withPage } from "./chromium.ts";

const root = new URL("../../", import.meta.url);
const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

let server: Server;
beforeAll(async () => {
  server = createServer(async ({ url = "/" }, response) => {
    try {
      const body = await readFile(new URL(`.${url}`, root));
      response.writeHead(200, { "content-type": types[extname(url)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server?.close());

it("draws live, follows the slider, and both simulators give the same spikes", async (context) => {
  const executable = requireOrSkip(
    context,
    findCommand("chromium", "chromium-browser", "google-chrome"),
    "chromium is not installed",
  );
  const { port } = server.address() as AddressInfo;
  await withPage(executable, `http://127.0.0.1:${port}/examples/page/index.html`, async (tab) => {
    const rate = () => tab.locator("#status").textContent();
    const rateReaches = (condition: string) =>
      tab.waitForFunction(
        `(() => { const rate = parseFloat(document.getElementById("status").value); return ${condition}; })()`,
      );
    await rateReaches("rate > 1");
    expect(await rate()).toMatch(/^[\d.]+ Hz, [\d.]+ ms for a frame of 16\.6 ms$/);
    for (const engine of ["llif", "plain"]) {
      await tab.locator("#engine").selectOption(engine);
      await tab.locator("#drive").fill("30");
      await rateReaches("rate > 20");
      await tab.locator("#drive").fill("0");
      await rateReaches("rate < 1");
    }
    await tab.locator("#drive").fill("14");
    await tab.locator("#compare").click();
    await tab.waitForFunction('document.getElementById("comparison").value !== ""');
    const [, spikes] = /^(\d+) spikes, equal; plain [\d.]+ ms a frame, llif [\d.]+ ms: [\d.]+ times as fast$/.exec(
      (await tab.locator("#comparison").textContent()) ?? "",
    )!;
    expect(Number(spikes)).toBeGreaterThan(10_000);
    await rateReaches("rate > 1");
    const coloured = await tab.evaluate(() => {
      const canvas = document.getElementById("raster") as HTMLCanvasElement;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, index) => index % 4 === 0 && value < 255).length;
    });
    expect(coloured).toBeGreaterThan(1000);
    if (process.env.LLIF_SCREENSHOT !== undefined) await tab.screenshot({ path: process.env.LLIF_SCREENSHOT });
  });
});
