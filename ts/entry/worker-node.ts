// The script of a Node worker thread that simulates for `pool()`.
import { parentPort } from "node:worker_threads";
import { serve } from "../parallel/serve.ts";

// Started by ts/entry/node.ts. The first message brings the wasm module, so no platform is needed.
if (parentPort !== null) {
  const port = parentPort;
  const answer = serve((message, transfer) => port.postMessage(message, [...transfer]));
  port.on("message", (message: unknown) => void answer(message));
  // The thread must end, or the caller would wait for ever.
  port.on("messageerror", (error: unknown) => {
    throw error;
  });
}
