// Builds networks from PyTorch weights, for the architectures whose graph is known here.
import type { Budget } from "../../budget.ts";
import { LlifError } from "../../errors.ts";
import type { ReluNetwork } from "../../relu/network.ts";
import { efficientNetLite, isEfficientNetLite, type EfficientNetLiteOptions } from "./efficientnet-lite.ts";
import { readStateDict } from "./state-dict.ts";

/** @throws {LlifError} as `readStateDict`; UNSUPPORTED for weights of another architecture. */
export function readPytorch(bytes: Uint8Array, options: EfficientNetLiteOptions, budget: Budget): ReluNetwork {
  const weights = readStateDict(bytes, undefined, { budget });
  if (!isEfficientNetLite(weights))
    throw new LlifError(
      "UNSUPPORTED",
      `a PyTorch state dict has weights (${weights.size} tensors) but no graph; export the model with torch.onnx.export, or build it of readStateDict's weights`,
    );
  const { name, convention, classes } = options;
  return efficientNetLite(weights, { name, convention, classes });
}
