// What the fuzzer tries: every reader with its seeds, the damage, and what must hold for whatever it accepts.
import { gunzipSync, inflateRawSync } from "node:zlib";
import { cifarImagesFromSheets, cifarLabelsFromJson } from "../../ts/data/cifar.ts";
import { gunzip } from "../../ts/data/gzip.ts";
import { readIdx } from "../../ts/data/idx.ts";
import { decodeImage } from "../../ts/data/images.ts";
import { readNpy, readNpz } from "../../ts/data/npy.ts";
import { readTar } from "../../ts/data/tar.ts";
import { LlifError } from "../../ts/errors.ts";
import { createSimulator } from "../../ts/engine/create.ts";
import { parseDescription } from "../../ts/formats/description.ts";
import { readModel } from "../../ts/formats/detect.ts";
import { readLlif, writeLlif } from "../../ts/formats/llif.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { writeOnnx } from "../../ts/formats/onnx/write.ts";
import { readStateDict } from "../../ts/formats/pytorch/state-dict.ts";
import { readSafetensors } from "../../ts/formats/safetensors.ts";
import { unzip } from "../../ts/formats/zip.ts";
import { crc32 } from "../../ts/inflate.ts";
import { formatSummary, summarize } from "../../ts/mapping/summary.ts";
import { toRelu } from "../../ts/mapping/to-relu.ts";
import { checkReluNetwork } from "../../ts/relu/check.ts";
import { forwardLogits } from "../../ts/relu/forward.ts";
import type { ReluNetwork } from "../../ts/relu/network.ts";
import { checkSpikingNetwork } from "../../ts/spiking/check.ts";
import { sizeOf, type Shape } from "../../ts/tensor.ts";
import { mutateGzip, mutateTar, mutateZip, tarParts, writeTar } from "./archives.ts";
import { lies, little, join, mutateBytes } from "./bytes.ts";
import { mutateJpeg, mutatePng } from "./images.ts";
import { jsonText, mutateJson } from "./json.ts";
import { mutateHdf5, mutateLegacyPickles, mutateLlif, mutatePickle, mutateSafetensors } from "./models.ts";
import { mutateOnnx } from "./protobuf.ts";
import type { Random } from "./random.ts";
import * as seeds from "./seeds.ts";

export interface Format {
  readonly seeds: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  readonly mutate: (random: Random, seed: Uint8Array, donor: Uint8Array) => Uint8Array;
  /** Throws a `WronglyAccepted` where the reader should have refused. */
  readonly read: (bytes: Uint8Array) => void | Promise<void>;
}

export class WronglyAccepted extends Error {}

/** Work beyond this, in multiplications, is not tried; the readers have done theirs by then. */
const mostWork = 3e6;

function demand(holds: boolean, what: string): void {
  if (!holds) throw new WronglyAccepted(what);
}

function fits({ shape, data }: { readonly shape: Shape; readonly data: ArrayLike<number> }): void {
  demand(
    shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0),
    "a shape of other than integers >= 0",
  );
  demand(sizeOf(shape) === data.length, "shape and data differ");
}

/** Runs what may refuse. */
function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (error instanceof LlifError) return undefined;
    throw error;
  }
}

/** Whether some file of an archive, as Node's zlib unpacks it, has another checksum than the directory says. Zip64 is left out. */
function hasWrongChecksum(archive: Uint8Array): boolean {
  const bytes = Buffer.from(archive);
  const end = bytes.lastIndexOf("PK\u0005\u0006", undefined, "latin1");
  if (end >= 20 && bytes.readUInt32LE(end - 20) === 0x07064b50) return false;
  let at = bytes.readUInt32LE(end + 16);
  for (let count = bytes.readUInt16LE(end + 10); count > 0; count--) {
    const [method, crc, packedBytes, offset] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 16),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt32LE(at + 42),
    ];
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (packedBytes === 0xffffffff || offset === 0xffffffff) continue;
    const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
    const packed = bytes.subarray(start, start + packedBytes);
    if (crc32(method === 0 ? packed : inflateRawSync(packed)) !== crc) return true;
  }
  return false;
}

const beside =
  (files: ReadonlyMap<string, Uint8Array>) =>
  async (path: string): Promise<Uint8Array> => {
    demand(
      new URL(path, "file:///a/b/c/model").href.startsWith("file:///a/b/c/"),
      `a file outside the model's folder: ${JSON.stringify(path)}`,
    );
    const bytes = files.get(path);
    if (bytes === undefined) throw new LlifError("FILE", `"${path}": not there`);
    return bytes;
  };

async function relu(
  bytes: Uint8Array,
  name: string,
  files: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<ReluNetwork> {
  const model = await readModel(bytes, name, undefined, beside(files));
  if (model.kind === "spiking") throw new LlifError("FORMAT", "another kind of model");
  checkReluNetwork(model.network);
  logits(model.network);
  return model.network;
}

function logits(network: ReluNetwork): Float32Array | undefined {
  const work = network.nodes.reduce(
    (sum, node) =>
      sum +
      sizeOf(node.shape) *
        (1 +
          ("weights" in node && node.weights !== undefined
            ? node.weights.data.length / Math.max(1, node.shape[node.shape.length - 1])
            : 0)),
    0,
  );
  const input = network.nodes.find(({ kind }) => kind === "input");
  if (work > mostWork || input === undefined) return undefined;
  const result = forwardLogits(
    network,
    Float32Array.from({ length: sizeOf(input.shape) }, (_, index) => ((index * 37) % 19) / 19),
  );
  demand(result.length > 0, "no logits");
  return result;
}

function mutateText(random: Random, bytes: Uint8Array, donor: Uint8Array): Uint8Array {
  return random.chance(25)
    ? mutateBytes(random, bytes, donor)
    : Buffer.from(jsonText(mutateJson(random, JSON.parse(Buffer.from(bytes).toString()) as unknown)));
}

const npyInserts = [
  "'",
  "(",
  ")",
  ",",
  "{",
  "}",
  " ",
  "\n",
  "True",
  "False",
  "9".repeat(30),
  "-1",
  "1e9",
  "'shape': (1,)",
  "<f4",
  "\0",
  " ".repeat(60_000),
];

function mutateNpy(random: Random, seed: Uint8Array, donor: Uint8Array): Buffer {
  if (random.chance(40)) return mutateBytes(random, seed, donor);
  const bytes = Buffer.from(seed);
  const dataStart = 10 + bytes.readUInt16LE(8);
  let header = bytes.toString("latin1", 10, dataStart);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(header.length);
    switch (random.below(3)) {
      case 0:
        header = header.slice(0, at) + header.slice(at + 1 + random.below(5));
        break;
      case 1:
        header = header.slice(0, at) + random.pick(npyInserts) + header.slice(at);
        break;
      default:
        header = header.replace(/\d+/, String(random.pick(lies)));
    }
  }
  const version = random.pick([1, 2, 3]);
  return join(
    bytes.subarray(0, 6),
    Buffer.of(version, 0),
    little(version === 1 ? 2 : 4, header.length),
    header,
    bytes.subarray(dataStart),
  );
}

let llifSeeds: Promise<readonly Uint8Array[]> | undefined;
const llif = (): Promise<readonly Uint8Array[]> => (llifSeeds ??= seeds.llifFiles());

async function readSpiking(bytes: Uint8Array): Promise<void> {
  const network = readLlif(bytes);
  checkSpikingNetwork(network);
  const copy = writeLlif(network);
  demand(Buffer.compare(copy, writeLlif(readLlif(copy))) === 0, "written and read again, another file");
  const neurons = sizeOf(network.input.shape) + network.nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const delays = network.synapses.reduce((sum, { delayTicks }) => sum + delayTicks, 0);
  if (neurons > 5000 || network.windowTicks > 2000 || delays > 10_000) return;
  attempt(() => toRelu(network));
  formatSummary(summarize(network));
  let simulator: Awaited<ReturnType<typeof createSimulator>>;
  try {
    simulator = await createSimulator(network, { engine: "reference" });
  } catch (error) {
    if (error instanceof LlifError) return;
    throw error;
  }
  attempt(() => simulator.run(new Uint8Array(sizeOf(network.input.shape)).fill(200)));
  simulator.dispose();
}

const kerasFile = (random: Random, name: string, data: Buffer): Uint8Array => {
  if (name.endsWith(".json")) return mutateText(random, data, data);
  return name.endsWith(".h5") ? mutateHdf5(random, data, data) : mutateBytes(random, data);
};

export const formats: Readonly<Record<string, Format>> = {
  onnx: {
    seeds: seeds.onnxFiles,
    mutate: (random, seed, donor) =>
      random.chance(25) ? mutateBytes(random, seed, donor) : mutateOnnx(random, seed, donor),
    async read(bytes) {
      const network = await relu(bytes, "x.onnx", seeds.besideOnnx());
      const [first, second] = [logits(network), logits(readOnnx(writeOnnx(network)))];
      const equal =
        first === undefined ||
        second === undefined ||
        first.every(
          (value, index) => !Number.isFinite(value) || Math.abs(value - second[index]) <= 1e-3 * (1 + Math.abs(value)),
        );
      demand(equal, "written and read again, other logits");
    },
  },
  "keras-h5": {
    seeds: () => seeds.fixture(/\.h5$/),
    mutate: mutateHdf5,
    read: async (bytes) => void (await relu(bytes, "x.h5")),
  },
  "keras-zip": {
    seeds: () => seeds.fixture(/\.keras$/),
    mutate: (random, seed) => mutateZip(random, seed, kerasFile),
    read: async (bytes) => void (await relu(bytes, "x.keras")),
  },
  tfjs: {
    seeds: () => seeds.fixture(/^tfjs.*\.json$/),
    mutate: mutateText,
    read: async (bytes) => void (await relu(bytes, "model.json", seeds.besideTfjs())),
  },
  "pth-zip": {
    seeds: seeds.pytorchZips,
    mutate: (random, seed) =>
      mutateZip(random, seed, (own, name, data) =>
        name.endsWith(".pkl") ? mutatePickle(own, data) : mutateBytes(own, data),
      ),
    read(bytes) {
      for (const tensor of readStateDict(bytes).values()) fits(tensor);
    },
  },
  "pth-legacy": {
    seeds: seeds.pytorchLegacy,
    mutate: mutateLegacyPickles,
    read(bytes) {
      for (const tensor of readStateDict(bytes).values()) fits(tensor);
    },
  },
  safetensors: {
    seeds: async () => seeds.safetensorsFiles(await llif()),
    mutate: mutateSafetensors,
    read(bytes) {
      for (const tensor of readSafetensors(bytes).tensors.values()) fits(tensor);
    },
  },
  llif: { seeds: llif, mutate: mutateLlif, read: readSpiking },
  npy: { seeds: seeds.numpyArrays, mutate: mutateNpy, read: (bytes) => fits(readNpy(bytes)) },
  npz: {
    seeds: seeds.numpyArchives,
    mutate: (random, seed) => mutateZip(random, seed, (own, _, data) => mutateNpy(own, data, data)),
    read(bytes) {
      for (const array of readNpz(bytes).values()) fits(array);
      demand(!hasWrongChecksum(bytes), "an archive with a wrong checksum");
    },
  },
  zip: {
    seeds: () => [...seeds.numpyArchives(), ...seeds.pytorchZips()],
    mutate: (random, seed) => mutateZip(random, seed, (own, _, data) => mutateBytes(own, data)),
    read(bytes) {
      unzip(bytes, "x.zip");
      demand(!hasWrongChecksum(bytes), "an archive with a wrong checksum");
    },
  },
  gzip: {
    seeds: seeds.gzipFiles,
    mutate: mutateGzip,
    read(bytes) {
      const content = gunzip("x.gz", bytes);
      try {
        demand(Buffer.compare(gunzipSync(bytes), content) === 0, "other content than zlib's");
      } catch (error) {
        // fflate does not compare the two lengths of a stored block; the checksum answers for its content.
        if (!/invalid stored block lengths/.test(String(error))) throw new WronglyAccepted(`zlib: ${String(error)}`);
      }
    },
  },
  tar: { seeds: () => [writeTar(tarParts)], mutate: mutateTar, read: (bytes) => void readTar(bytes) },
  idx: {
    seeds: seeds.idxFiles,
    mutate: (random, seed, donor) =>
      seed[0] === 0x1f ? mutateGzip(random, seed, donor) : mutateBytes(random, seed, donor),
    read: (bytes) => fits(readIdx(bytes)),
  },
  png: { seeds: seeds.pngFiles, mutate: mutatePng, read: (bytes) => fits(decodeImage(bytes)) },
  jpeg: { seeds: seeds.jpegFiles, mutate: mutateJpeg, read: (bytes) => fits(decodeImage(bytes)) },
  cifar: {
    seeds: () => [...seeds.cifarSheets(), new TextEncoder().encode("[1,2,3,9]")],
    mutate: (random, seed, donor) =>
      seed[0] === 0x5b
        ? mutateText(random, seed, donor)
        : donor[0] === 0x5b
          ? mutatePng(random, seed, seed)
          : mutatePng(random, seed, donor),
    read: (bytes) => fits(readIdx(bytes[0] === 0x89 ? cifarImagesFromSheets([bytes]) : cifarLabelsFromJson(bytes))),
  },
  description: {
    seeds: seeds.descriptions,
    mutate: mutateText,
    read(bytes) {
      let json: unknown;
      try {
        json = JSON.parse(Buffer.from(bytes).toString());
      } catch {
        return;
      }
      parseDescription(json);
    },
  },
  detection: {
    seeds: async () => [
      ...seeds.onnxFiles().slice(0, 3),
      ...seeds.fixture(/\.(h5|keras)$/).slice(0, 2),
      ...seeds.fixture(/^tfjs.*\.json$/),
      ...seeds.pytorchZips(),
      ...seeds.pytorchLegacy(),
      ...(await llif()),
      ...seeds.pngFiles().slice(0, 1),
      ...seeds.numpyArchives(),
      Buffer.from("{}"),
      Buffer.from([0x80, 2]),
    ],
    mutate: (random, seed, donor) =>
      random.chance(50)
        ? join(seed.subarray(0, random.below(64)), random.chance(50) ? donor : random.bytes(random.below(64)))
        : mutateBytes(random, seed, donor),
    async read(bytes) {
      const model = await readModel(bytes, "model", undefined, beside(new Map()));
      if (model.kind === "relu") checkReluNetwork(model.network);
      else checkSpikingNetwork(model.network);
    },
  },
};
