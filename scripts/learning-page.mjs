// How long one pass over MNIST takes in a page of headless Chromium, live: learning lets the page breathe every 12 ms.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { inRoot } from "./toolchain.mjs";

const page = `<!doctype html><meta charset="utf-8"><script type="module">
import { createLearner } from "./llif.js";
window.outcome = (async () => {
  const images = new Uint8Array(await (await fetch("images")).arrayBuffer()).subarray(16);
  const learner = await createLearner({ inputs: [28, 28, 1], neurons: 400, seed: 0 });
  let frames = 0;
  const count = () => { frames++; requestAnimationFrame(count); };
  requestAnimationFrame(count);
  const start = performance.now();
  const { images: learnt } = await learner.learnAsync(images, { order: "random", seed: 0 });
  const seconds = (performance.now() - start) / 1000;
  const begin = performance.now();
  for (let image = 0; image < 1000; image++) learner.learn(images.subarray(784 * image, 784 * (image + 1)));
  const imageMs = (performance.now() - begin) / 1000;
  return { engine: learner.engine, learnt, seconds, frames, imageMs };
})();
</script>`;

/** @returns engine, images, seconds, frames that the page drew meanwhile, and the time of one image in a call of its own. */
export async function measurePage() {
  const [bundle] = (
    await build({
      entryPoints: [inRoot("dist", "inline.js")],
      bundle: true,
      format: "esm",
      write: false,
      logLevel: "error",
      plugins: [
        {
          name: "no lazy imports",
          setup: (chain) =>
            chain.onResolve({ filter: /.*/ }, ({ kind }) =>
              kind === "dynamic-import" ? { path: "left-out", external: true } : undefined,
            ),
        },
      ],
    })
  ).outputFiles;
  const folder = join(process.env.LLIF_CACHE ?? join(homedir(), ".cache", "llif"), "datasets", "mnist");
  const answers = {
    "/": ["text/html", page],
    "/llif.js": ["text/javascript", bundle.contents],
    "/images": ["application/octet-stream", readFileSync(join(folder, "train-images-idx3-ubyte"))],
  };
  const server = createServer(({ url }, response) => {
    const [type, body] = answers[url] ?? ["text/plain", ""];
    response.writeHead(answers[url] === undefined ? 404 : 200, { "content-type": type }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const found = ["chromium", "chromium-browser", "google-chrome"]
    .map((name) => spawnSync("which", [name], { encoding: "utf8" }).stdout.trim())
    .find((path) => path !== "");
  const browser = await chromium.launch({ executablePath: found, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    return await tab.evaluate(() => window.outcome);
  } finally {
    await browser.close();
    server.close();
  }
}
