// ONNX operator: BatchNormalization.
import { checkAllFinite } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { batchNormAffine } from "../../relu/builder.ts";
import { affineOver } from "./arithmetic.ts";
import { Refusal } from "./attributes.ts";
import { constantInput, flowInput, shapeError, type Operator } from "./graph.ts";

/** Batch normalisation in inference: an affine layer, computed in f64 and rounded once. */
export const batchNormalization: Operator = (call) => {
  const { attributes } = call;
  const flow = flowInput(call, 0, "X");
  const [gamma, beta, mean, variance] = ["scale", "B", "mean", "var"].map(
    (label, index) => constantInput(call, index + 1, label).data,
  );
  const epsilon = attributes.float("epsilon", 1e-5);
  if (attributes.integer("training_mode", 0) !== 0)
    throw new Refusal("it is in training mode; export the model for inference");
  if (attributes.integer("spatial", 1) !== 1) throw new Refusal("spatial=0 is not supported");
  attributes.ignore("momentum", "consumed_inputs", "is_test");
  attributes.finish();
  if (call.used.slice(1).some((name) => name !== "")) throw new Refusal("its training outputs are used");
  if (!flow.batch || flow.dims.length === 0)
    throw new LlifError("SHAPE", `${call.place}: expected [N,channels,…], got ${flow.dims.length} dimensions`);
  const channels = flow.dims[0];
  for (const values of [gamma, beta, mean, variance]) {
    if (values.length !== channels)
      throw shapeError(call, `${channels} values a parameter, one a channel`, [values.length]);
    checkAllFinite(`${call.place}: parameters`, values);
  }
  const { scale, shift } = batchNormAffine(call.place, { gamma, beta, mean, variance, epsilon });
  const dims = [channels, ...flow.dims.slice(1).map(() => 1)];
  return affineOver(call, flow, "", { dims, scale, shift });
};
