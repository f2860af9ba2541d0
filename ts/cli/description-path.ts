// Where the description of a model lies, which every command reads with the model.

/** `mnist-cnn.json` for `mnist-cnn.onnx`, `model.description.json` for `model.json`. */
export function descriptionPathOf(model: string): string {
  return model.endsWith(".json")
    ? model.replace(/\.json$/, ".description.json")
    : `${model.replace(/\.[^./\\]+$/, "")}.json`;
}
