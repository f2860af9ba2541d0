// Copies typed arrays so that a message to a worker carries only their own bytes, not the larger buffer they are views
// of.

/**
 * The same plain data, in which every array has its own buffer: posting a view would send its whole buffer.
 * @param anew whether to copy every array, so that the result shares nothing with `value`.
 */
export function owned<Value>(value: Value, anew = false): Value {
  if (ArrayBuffer.isView(value)) {
    const alone = !anew && (value.byteLength === value.buffer.byteLength || !(value.buffer instanceof ArrayBuffer));
    return (alone ? value : copyOf(value as unknown as Uint8Array | Float32Array)) as Value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((part: unknown) => owned(part, anew)) as Value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, owned(part, anew)])) as Value;
}

/** `slice()` of Node's Buffer would be a view. */
const copyOf = (array: Uint8Array | Float32Array): ArrayBufferView =>
  array instanceof Uint8Array ? new Uint8Array(array) : array.slice();
