// Recognises model file formats by their first bytes or by text that they contain.

/** A little-endian u64 header length, then a JSON object. */
export function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 10 || bytes[8] !== 0x7b) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return length >= 2n && length <= 100_000_000n;
}

export function isHdf5(bytes: Uint8Array): boolean {
  return [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, index) => bytes[index] === byte);
}

export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** A pickle of protocol 2 to 5. */
export function isPickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
}

/** An opening brace after white space. */
export function startsLikeJson(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 64).findIndex((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
  return start >= 0 && bytes[start] === 0x7b && (bytes[start + 1] <= 0x20 || bytes[start + 1] === 0x22);
}

/** ONNX has no magic number, so the first tag must be a field of ModelProto with its wire type. */
export function startsLikeOnnx(bytes: Uint8Array): boolean {
  if (bytes.length < 2) return false;
  const field = bytes[0] >> 3;
  const wireType = bytes[0] & 7;
  const varints = [1, 5];
  const messages = [2, 3, 4, 6, 7, 8, 14];
  return (
    bytes[0] < 0x80 && ((varints.includes(field) && wireType === 0) || (messages.includes(field) && wireType === 2))
  );
}

/** Whether the bytes contain ASCII text, such as the names of attributes and groups in an HDF5 file. */
export function includesText(bytes: Uint8Array, text: string): boolean {
  const codes = Array.from(text, (letter) => letter.charCodeAt(0));
  for (let at = bytes.indexOf(codes[0]); at >= 0; at = bytes.indexOf(codes[0], at + 1))
    if (codes.every((code, index) => bytes[at + index] === code)) return true;
  return false;
}
