// A page in headless Chromium.
import { chromium, type Page } from "playwright-core";

// biome-ignore format: a list of words
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Opens a page that sets `window.outcome` to a promise of `{ value }`, as JSON, or of `{ error }`; @returns the value. */
export async function runPage(executablePath: string, url: string): Promise<unknown> {
  return withPage(executablePath, url, async (tab) => {
    const handle = await tab.waitForFunction("window.outcome");
    const outcome = (await handle.jsonValue()) as { value?: string; error?: string };
    if (outcome.value === undefined) throw new Error(`in the page: ${outcome.error}`);
    return JSON.parse(outcome.value);
  });
}

/** Opens a page for `use`; an error that the page does not catch is thrown. */
export async function withPage<T>(executablePath: string, url: string, use: (tab: Page) => Promise<T>): Promise<T> {
  const browser = await chromium.launch({ executablePath, headless: true, args: flags });
  try {
    const tab = await browser.newPage();
    let failed: Error | undefined;
    tab.on("pageerror", (error) => (failed ??= error));
    await tab.goto(url);
    const result = await use(tab);
    if (failed !== undefined) throw failed;
    return result;
  } finally {
    await browser.close();
  }
}
