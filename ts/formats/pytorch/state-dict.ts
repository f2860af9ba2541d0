// Reads weights stored by torch.save.
import { openBudget, type Budget, type ReadBudget } from "../../budget.ts";
import { checkBytes, checkOptions, checkString } from "../../check.ts";
import { LlifError } from "../../errors.ts";
import { sizeOf, type Shape, type Tensor } from "../../tensor.ts";
import { quoted } from "../../text.ts";
import { float16 } from "../half.ts";
import { unzip } from "../zip.ts";
import { isGlobal, isObject, unpickle, type Machine, type PickleValue } from "./unpickle.ts";

/** Named weights in the file's order, channels first as in PyTorch. */
export type StateDict = ReadonlyMap<string, Tensor>;

interface ElementType {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
}

const elementTypes: Readonly<Record<string, ElementType>> = {
  FloatStorage: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  DoubleStorage: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  HalfStorage: { bytes: 2, read: (view, at) => float16(view.getUint16(at, true)) },
  LongStorage: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  IntStorage: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  ShortStorage: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  CharStorage: { bytes: 1, read: (view, at) => view.getInt8(at) },
  ByteStorage: { bytes: 1, read: (view, at) => view.getUint8(at) },
  BoolStorage: { bytes: 1, read: (view, at) => view.getUint8(at) },
};

class Storage {
  readonly key: string;
  readonly type: ElementType;
  readonly elements: number;

  constructor(key: string, type: ElementType, elements: number) {
    this.key = key;
    this.type = type;
    this.elements = elements;
  }
}

class StoredTensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: Shape, strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** PyTorch's limit. */
const mostDimensions = 64;
// biome-ignore lint/correctness/noPrecisionLoss: the reader rounds it alike.
const legacyMagic = 0x1950a86a20f9469cfc6c;

/**
 * Reads the weights stored by `torch.save(model.state_dict(), file)`, in the old format or as a zip archive, or under
 * the key `state_dict` or `model` of a checkpoint. The pickle is read as data: no class is looked up, no code is run.
 * @throws {LlifError} FORMAT for a truncated or corrupt file or one beyond the budget, UNSUPPORTED if it has more than
 * weights.
 */
export function readStateDict(
  source: Uint8Array | ArrayBuffer | DataView,
  place = "PyTorch file",
  options: { readonly budget?: ReadBudget | Budget } = {},
): StateDict {
  checkString("readStateDict: place", place);
  checkOptions("readStateDict", options, { budget: true });
  const bytes = checkBytes(place, source);
  const budget = openBudget(bytes.length, options.budget);
  const { root, storages } = bytes[0] === 0x50 ? readZip(bytes, place, budget) : readLegacy(bytes, place, budget);
  let entries = root;
  for (const key of ["state_dict", "model"]) {
    const inner = entries instanceof Map ? entries.get(key) : undefined;
    if (inner instanceof Map) entries = inner;
  }
  if (!(entries instanceof Map))
    throw new LlifError("UNSUPPORTED", `${place}: expected a state dict, got something else`);
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of entries) {
    if (typeof name === "string" && isObject(value) && value.object instanceof StoredTensor)
      tensors.set(name, toTensor(value.object, storages, `${place}: ${quoted(name)}`, budget));
  }
  if (tensors.size === 0)
    throw new LlifError("UNSUPPORTED", `${place}: expected a state dict, got one without tensors`);
  return tensors;
}

const machine: Machine = {
  knows: (global) =>
    ["collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter"].includes(
      global,
    ) || storageType(global) !== undefined,
  call(global, values) {
    if (global === "collections.OrderedDict") return orderedDict(values);
    if (global === "torch._utils._rebuild_parameter") return values[0];
    if (global !== "torch._utils._rebuild_tensor_v2") return undefined;
    const [storage, offset, shape, strides] = values;
    if (
      !isObject(storage) ||
      !(storage.object instanceof Storage) ||
      !isSize(offset) ||
      !isSizes(shape) ||
      !isSizes(strides) ||
      shape.length !== strides.length ||
      shape.length > mostDimensions
    )
      return undefined;
    return { object: new StoredTensor(storage.object, offset, shape, strides) };
  },
  persistent(id) {
    const [kind, type, key, , elements] = Array.isArray(id) ? id : [];
    const element = type !== undefined && isGlobal(type) ? storageType(type.global) : undefined;
    if (kind !== "storage" || element === undefined || typeof key !== "string" || !isSize(elements)) {
      throw new LlifError(
        "UNSUPPORTED",
        "PyTorch file: expected tensors of float, double, half or integer type, got another storage",
      );
    }
    return { object: new Storage(key, element, elements) };
  },
};

/** Makes a map, empty or from a list of pairs. */
function orderedDict([pairs = []]: readonly PickleValue[]): Map<PickleValue, PickleValue> | undefined {
  const fits = Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2);
  return fits ? new Map(pairs as [PickleValue, PickleValue][]) : undefined;
}

function storageType(global: string): ElementType | undefined {
  const name = global.replace(/^torch\./, "");
  return global !== name && Object.hasOwn(elementTypes, name) ? elementTypes[name] : undefined;
}

interface Contents {
  readonly root: PickleValue;
  readonly storages: ReadonlyMap<string, Uint8Array>;
}

function readZip(bytes: Uint8Array, place: string, budget: Budget): Contents {
  const files = unzip(bytes, place, undefined, budget);
  const [main, pickle] = [...files].find(([name]) => name.endsWith("/data.pkl")) ?? [];
  if (main === undefined || pickle === undefined)
    throw new LlifError(
      "FORMAT",
      `${place}: expected an archive with data.pkl, got ${[...files.keys()]
        .slice(0, 5)
        .map((name) => quoted(name))
        .join(", ")}`,
    );
  const folder = main.slice(0, -"data.pkl".length);
  const order = files.get(`${folder}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order) !== "little")
    throw new LlifError("UNSUPPORTED", `${place}: expected little-endian numbers`);
  const prefix = `${folder}data/`;
  const storages = [...files]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, data]) => [name.slice(prefix.length), data] as const);
  return { root: unpickle(pickle, 0, machine, place, budget).value, storages: new Map(storages) };
}

/**
 * The old format: pickles of a magic number, a version, machine data, the object, and the storages' keys; then the
 * storages.
 */
function readLegacy(bytes: Uint8Array, place: string, budget: Budget): Contents {
  const collected = new Map<string, Storage>();
  const collecting: Machine = {
    ...machine,
    persistent(id) {
      const value = machine.persistent(id);
      if (isObject(value) && value.object instanceof Storage) collected.set(value.object.key, value.object);
      return value;
    },
  };
  let at = 0;
  const next = (): PickleValue => {
    const { value, end } = unpickle(bytes, at, collecting, place, budget);
    at = end;
    return value;
  };
  if (next() !== legacyMagic) throw new LlifError("FORMAT", `${place}: expected the magic number of torch.save`);
  next();
  const system = next();
  if (system instanceof Map && system.get("little_endian") !== true)
    throw new LlifError("UNSUPPORTED", `${place}: expected little-endian numbers`);
  const root = next();
  const keys = next();
  const storages = new Map<string, Uint8Array>();
  for (const key of Array.isArray(keys) ? keys : []) {
    const storage = typeof key === "string" ? collected.get(key) : undefined;
    if (storage === undefined)
      throw new LlifError(
        "FORMAT",
        `${place}: the storage ${typeof key === "string" ? quoted(key) : "without a name"} belongs to no tensor`,
      );
    const length = storage.elements * storage.type.bytes;
    // The number of elements comes first.
    const start = at + 8;
    if (start + length > bytes.length)
      throw new LlifError("FORMAT", `${place}: truncated, expected ${start + length} bytes, got ${bytes.length}`);
    storages.set(storage.key, bytes.subarray(start, start + length));
    at = start + length;
  }
  return { root, storages };
}

function toTensor(
  { storage, offset, shape, strides }: StoredTensor,
  storages: ReadonlyMap<string, Uint8Array>,
  place: string,
  budget: Budget,
): Tensor {
  const bytes = storages.get(storage.key);
  if (bytes === undefined) throw new LlifError("FORMAT", `${place}: its numbers are missing`);
  const count = shape.includes(0) ? 0 : sizeOf(shape);
  // With strides of 0, a few stored numbers can make any number of elements.
  budget.take("elements", count, place);
  budget.checkTime(place);
  const last = count === 0 ? -1 : shape.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis], offset);
  if ((last + 1) * storage.type.bytes > bytes.length)
    throw new LlifError(
      "FORMAT",
      `${place}: truncated, expected ${(last + 1) * storage.type.bytes} bytes, got ${bytes.length}`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Float32Array(count);
  const position = new Array<number>(shape.length).fill(0);
  let element = offset;
  for (let index = 0; index < count; index++) {
    data[index] = storage.type.read(view, element * storage.type.bytes);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      element += strides[axis];
      if (++position[axis] < shape[axis]) break;
      element -= shape[axis] * strides[axis];
      position[axis] = 0;
    }
  }
  return { shape, data };
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isSize);
}
