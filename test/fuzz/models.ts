// Damage to what model files are made of: pickles, HDF5, safetensors.
import { hugeLies, join, lies, little, mutateBytes, mutateFloats } from "./bytes.ts";
import { jsonText, mutateJson } from "./json.ts";
import type { Random } from "./random.ts";

/** Bytes of the argument of each opcode that has one of fixed size. */
const argumentBytes: Readonly<Record<string, number>> = {
  "\x80": 1,
  "\x95": 8,
  K: 1,
  M: 2,
  J: 4,
  G: 8,
  q: 1,
  r: 4,
  h: 1,
  j: 4,
};
const opcodes = [..."(0N])}tldaesub.RQ\x85\x86\x87\x88\x89\x93\x81\x94"];
const globals = [
  "os\nsystem",
  "builtins\neval",
  "collections\nOrderedDict",
  "torch._utils\n_rebuild_tensor_v2",
  "torch._utils\n_rebuild_parameter",
  "torch\nFloatStorage",
  "torch\nBFloat16Storage",
  "torch\n__proto__",
];

function opcodesOf(pickle: Uint8Array): Buffer[] {
  const bytes = Buffer.from(pickle);
  const list: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const opcode = String.fromCharCode(bytes[at]);
    let length = 1 + (argumentBytes[opcode] ?? 0);
    if ("\x8aU\x8cC".includes(opcode)) length = 2 + bytes[at + 1];
    if ("XTB".includes(opcode) && at + 5 <= bytes.length) length = 5 + bytes.readUInt32LE(at + 1);
    if (opcode === "c") length = bytes.indexOf(10, bytes.indexOf(10, at + 1) + 1) + 1 - at;
    list.push(bytes.subarray(at, at + Math.max(1, length)));
    at += Math.max(1, length);
    if (opcode === ".") {
      if (at < bytes.length) list.push(bytes.subarray(at));
      break;
    }
  }
  return list;
}

const pickledText = (text: string): Buffer => join("X", little(4, Buffer.byteLength(text)), Buffer.from(text));
const pickledNumber = (random: Random): Buffer => {
  return random.chance(50)
    ? join("\x8a\x08", little(8, random.chance(30) ? random.pick(hugeLies) : random.pick(lies)))
    : join("J", little(4, random.pick(lies)));
};

export function mutatePickle(random: Random, bytes: Uint8Array): Buffer {
  if (random.chance(25)) return mutateBytes(random, bytes);
  const list = opcodesOf(bytes);
  for (let round = 1 + random.below(3); round > 0 && list.length > 0; round--) {
    const at = random.below(list.length);
    const to = random.below(list.length);
    switch (random.below(8)) {
      case 0:
        list.splice(at, 1);
        break;
      case 1:
        list.splice(at, 0, list[at]);
        break;
      case 2:
        [list[at], list[to]] = [list[to], list[at]];
        break;
      case 3:
        list.splice(at, 0, Buffer.from(random.pick(opcodes).repeat(random.chance(5) ? 50_000 : 1), "latin1"));
        break;
      case 4:
        list[at] = join(random.pick(["K", "h", "q"]), Buffer.of(random.below(40)));
        break;
      case 5:
        list[at] = pickledNumber(random);
        break;
      case 6:
        list[at] = join(`c${random.pick(globals)}\n`);
        break;
      default:
        list[at] = pickledText(random.pick(["", "storage", "0", "__proto__", "state_dict", "cpu", "é".repeat(40)]));
    }
  }
  return join(...list);
}

/** PyTorch's old format: five pickles, then the storages. */
export function mutateLegacyPickles(random: Random, bytes: Uint8Array): Buffer {
  const parts: Buffer[] = [];
  let rest = Buffer.from(bytes);
  for (let count = 0; count < 5; count++) {
    const list = opcodesOf(rest);
    const end = list.findIndex((opcode) => opcode.length === 1 && opcode[0] === 0x2e);
    const length = list.slice(0, end + 1).reduce((sum, opcode) => sum + opcode.length, 0);
    parts.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  const which = random.weighted([
    [1, 0],
    [1, 1],
    [2, 2],
    [8, 3],
    [3, 4],
  ]);
  parts[which] = mutatePickle(random, parts[which]);
  return join(...parts, random.chance(10) ? mutateBytes(random, rest) : rest);
}

/** Addresses of objects are 8 bytes: they are exchanged, so that structures point at each other. The configuration is JSON. */
export function mutateHdf5(random: Random, bytes: Uint8Array, donor: Uint8Array): Buffer {
  if (random.chance(30)) return mutateBytes(random, bytes, donor);
  const damaged = Buffer.from(bytes);
  const addresses: number[] = [];
  for (let at = 8; at + 8 <= damaged.length; at += 8) {
    const [low, high] = [damaged.readUInt32LE(at), damaged.readUInt32LE(at + 4)];
    if (high === 0 && low >= 48 && low < damaged.length && low % 8 === 0) addresses.push(at);
  }
  for (let round = 1 + random.below(3); round > 0 && addresses.length > 1; round--) {
    const at = random.pick(addresses);
    switch (random.below(4)) {
      case 0: {
        const from = random.pick(addresses);
        damaged.copy(damaged, at, from, from + 8);
        break;
      }
      case 1:
        little(8, at).copy(damaged, at);
        break;
      case 2:
        little(8, random.pick(lies)).copy(damaged, at);
        break;
      default:
        damaged[Math.min(damaged.length - 1, at + random.below(64))] = random.pick([0, 1, 2, 3, 4, 6, 8, 16, 255]);
    }
  }
  const configuration = damaged.indexOf('{"class_name"');
  for (let count = configuration >= 0 && random.chance(30) ? 1 + random.below(3) : 0; count > 0; count--) {
    damaged[configuration + random.below(Math.min(4000, damaged.length - configuration))] = random.pick([
      ...Buffer.from('0123456789[]{}":,nulltrue-.e'),
    ]);
  }
  return damaged;
}

interface SafetensorsHeader {
  readonly __metadata__?: Readonly<Record<string, string>>;
}

function splitSafetensors(bytes: Uint8Array): { header: SafetensorsHeader; payload: Buffer } {
  const buffer = Buffer.from(bytes);
  const length = Number(buffer.readBigUInt64LE(0));
  return {
    header: JSON.parse(buffer.toString("utf8", 8, 8 + length)) as SafetensorsHeader,
    payload: buffer.subarray(8 + length),
  };
}

function joinSafetensors(header: unknown, payload: Uint8Array): Buffer {
  const text = Buffer.from(jsonText(header));
  return join(little(8, text.length), text, payload);
}

export function mutateSafetensors(random: Random, bytes: Uint8Array, donor: Uint8Array): Buffer {
  if (random.chance(25)) return mutateBytes(random, bytes, donor);
  const { header, payload } = splitSafetensors(bytes);
  if (random.chance(20)) return joinSafetensors(header, mutateFloats(random, payload));
  return joinSafetensors(mutateJson(random, header), random.chance(10) ? mutateBytes(random, payload) : payload);
}

/** The graph of a .llif file is JSON in the metadata; its numbers are tensors. */
export function mutateLlif(random: Random, bytes: Uint8Array, donor: Uint8Array): Buffer {
  if (random.chance(15)) return mutateSafetensors(random, bytes, donor);
  const { header, payload } = splitSafetensors(bytes);
  const graph = JSON.parse(header.__metadata__!.graph) as unknown;
  const damaged = random.chance(80) ? mutateJson(random, graph) : graph;
  return joinSafetensors(
    { ...header, __metadata__: { ...header.__metadata__, graph: jsonText(damaged) } },
    random.chance(40) ? mutateFloats(random, payload) : payload,
  );
}
