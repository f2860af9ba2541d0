// Where the ONNX writer keeps what ONNX has no field for.

/** The metadata entry with a model description as JSON. */
export const metadataKey = "llif";
