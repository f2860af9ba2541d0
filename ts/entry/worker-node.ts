// The script of a Node worker thread that simulates for `pool()`.
import { parentPort } from "node:worker_threads";
import { serve } from "../parallel/serve.ts";

// Started by ts/entry/node.ts; the module comes with the first message, so that no platform is needed.
if (parentPort !== null) {
  const port = parentPort;
  const answer = serve((message, transfer) => port.postMessage(message, [...transfer]));
  port.on("message", (message: unknown) => void answer(message));
  // Without an answer the thread must die, or whoever asked would wait for ever.
  port.on("messageerror", (error: unknown) => {
    throw error;
  });
}
