// The package's subpath "llif/onnx".
export { externalFiles, isOnnx, readOnnx, type ReadOnnxOptions } from "./read.ts";
export { writeOnnx } from "./write.ts";
