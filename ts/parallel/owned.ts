/** The same, with arrays that have their buffers to themselves: a message with a view carries the whole buffer. */
export function owned<Value>(value: Value): Value {
  if (ArrayBuffer.isView(value)) return (value.byteLength < value.buffer.byteLength && value.buffer instanceof ArrayBuffer ? copyOf(value as unknown as Uint8Array | Float32Array) : value) as Value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((part: unknown) => owned(part)) as Value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, owned(part)])) as Value;
}

/** Of Node's Buffer, `slice()` would be a view. */
const copyOf = (array: Uint8Array | Float32Array): ArrayBufferView => (array instanceof Uint8Array ? new Uint8Array(array) : array.slice());
