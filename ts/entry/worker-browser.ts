// The script of a web worker that simulates for `pool()`.
import { serve } from "../parallel/serve.ts";

// Started by ts/entry/browser.ts. The first message brings the wasm module, so no platform is needed.
const scope = globalThis as unknown as {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message" | "messageerror", listener: (event: { data: unknown }) => void): void;
};
const answer = serve((message, transfer) => scope.postMessage(message, [...transfer]));
scope.addEventListener("message", ({ data }) => void answer(data));
// The page must see the error, or the caller would wait for ever.
scope.addEventListener("messageerror", () => {
  throw new Error("a question could not be read");
});
