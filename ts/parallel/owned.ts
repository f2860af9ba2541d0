type Bytes = Uint8Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** The same, with arrays that have their buffers to themselves: a message with a view carries the whole buffer. */
export function owned<Value>(value: Value): Value {
  if (ArrayBuffer.isView(value)) return (value.byteLength < value.buffer.byteLength && value.buffer instanceof ArrayBuffer ? copyOf(value as unknown as Bytes) : value) as Value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((part: unknown) => owned(part)) as Value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, owned(part)])) as Value;
}

/** Not `slice()`, which of Node's Buffer is a view. */
function copyOf(array: Bytes): Bytes {
  const bytes = new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
  const buffer = new Uint8Array(bytes).buffer;
  return array instanceof Uint8Array ? new Uint8Array(buffer) : new (array.constructor as new (buffer: ArrayBuffer) => Bytes)(buffer);
}
