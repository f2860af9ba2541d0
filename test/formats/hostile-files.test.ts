// Small files that would cost minutes or gigabytes, names that are keys, and bytes of every holder.
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { unzipSync, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { readModel } from "../../ts/formats/detect.ts";
import { readKeras } from "../../ts/formats/keras/hdf5.ts";
import { readLlif, writeLlif } from "../../ts/formats/llif.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { readStateDict } from "../../ts/formats/pytorch/state-dict.ts";
import { readTfjs } from "../../ts/formats/tfjs.ts";
import { spikingNetwork } from "../../ts/spiking/builder.ts";
import { floats, integers, model, node } from "./graphs.ts";
import { pickle, refusal, safetensors } from "./hostile-bytes.ts";

const fixture = (name: string): Uint8Array => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const nothing = async (): Promise<Uint8Array> => new Uint8Array(0);

describe("ONNX", () => {
  const filled = model(
    [node("ConstantOfShape", ["s"], "c"), node("Mul", ["c", "c"], "d"), node("Add", ["x", "d"], "y")],
    { input: [1, 4], initializers: [integers("s", [1], [2 ** 27])] },
  );

  it("makes no more constants than the budget allows, and says how to raise it", async () => {
    expect(await refusal(() => readOnnx(filled))).toMatch(
      /^FORMAT: node "c-node" \(ConstantOfShape\): needs at least 1342177\d\d elements, the budget of reading is \d+; .*budget: \{ elements: … \}/,
    );
    const small = model([node("ConstantOfShape", ["s"], "c"), node("Add", ["x", "c"], "y")], {
      input: [1, 400],
      initializers: [integers("s", [1], [400])],
    });
    expect(await refusal(() => readOnnx(small, { budget: { elements: 300 } }))).toMatch(
      /^FORMAT: .*the budget of reading is 300/,
    );
    expect(await refusal(() => readOnnx(small))).toBe("accepted");
  });

  it("puts a chain of sums of one value in another order in linear time", async () => {
    const length = 40;
    const sums = Array.from({ length }, (_, index) => node("Add", [`a${index}`, `a${index}`], `a${index + 1}`));
    const bytes = model(
      [
        node("Gemm", ["x", "w", "b"], "a0"),
        ...sums,
        node("Reshape", [`a${length}`, "square"], "r"),
        node("Transpose", ["r"], "t", { perm: [0, 2, 1] }),
        node("Reshape", ["t", "flat"], "y"),
      ],
      {
        input: [1, 4],
        initializers: [
          integers("square", [3], [1, 2, 2]),
          integers("flat", [2], [1, 4]),
          floats("w", [4, 4], new Float32Array(16).fill(1)),
          floats("b", [4], [1, 2, 3, 4]),
        ],
      },
    );
    const network = readOnnx(bytes);
    expect(network.nodes.length).toBeLessThan(200);
    const dense = network.nodes.find((one) => one.kind === "dense");
    expect(dense?.kind === "dense" && [...dense.bias]).toEqual([1, 3, 2, 4]);
  });

  it.each([
    [
      "a transposed matrix of 2^28 numbers",
      [node("Transpose", ["x"], "t", { perm: [0, 2, 1] }), node("Reshape", ["t", "s"], "r"), node("Relu", ["r"], "y")],
      [1, 2 ** 14, 2 ** 14],
      [integers("s", [2], [1, -1])],
    ],
    ["a scale for each of 2^28 numbers", [node("Mul", ["x", "two"], "y")], [1, 2 ** 28], [floats("two", [], [2])]],
    [
      "an empty constant of 2^28 rows",
      [node("ConstantOfShape", ["s"], "c"), node("ReduceSum", ["c", "axes"], "d"), node("Add", ["x", "d"], "y")],
      [1, 4],
      [integers("s", [2], [2 ** 28, 0]), integers("axes", [1], [1])],
    ],
    [
      "2^53 padded channels",
      [node("Pad", ["x", "pads"], "y")],
      [1, 1, 4, 4],
      [integers("pads", [8], [0, 2 ** 40, 0, 0, 0, 0, 0, 0])],
    ],
    ["10^9 parts", [node("Split", ["x"], "y", { num_outputs: 10 ** 9, axis: 1 })], [1, 4], []],
    [
      "a tile of nothing, 2^50 times",
      [node("ConstantOfShape", ["s"], "c"), node("Tile", ["c", "n"], "d"), node("Add", ["x", "d"], "y")],
      [1, 4],
      [integers("s", [1], [0]), integers("n", [1], [2 ** 50])],
    ],
  ] as const)("refuses %s", async (_name, nodes, input, initializers) => {
    expect(
      await refusal(() =>
        readOnnx(model([...nodes], { input: [...input], initializers: [...initializers], opset: 18 })),
      ),
    ).toMatch(/^(FORMAT|SHAPE|UNSUPPORTED|ARGUMENT): /);
  });

  it("reads 20,000 layers, and as many of one name", () => {
    const count = 20_000;
    const chain = Array.from({ length: count }, (_, index) => ({
      ...node("Relu", [index === 0 ? "x" : `v${index}`], index === count - 1 ? "y" : `v${index + 1}`),
      name: "relu",
    }));
    expect(readOnnx(model(chain, { input: [1, 4] })).nodes).toHaveLength(count + 1);
    const same = chain.map((one) => ({ ...one, opType: "Identity" }));
    expect(readOnnx(model([...same.slice(0, -1), chain[count - 1]], { input: [1, 4] })).nodes).toHaveLength(2);
  });

  it("keeps names that are properties of every object", () => {
    const nodes = ["constructor", "toString", "__proto__"].map((name, index, all) => ({
      ...node("Relu", [index === 0 ? "x" : all[index - 1]], name),
      name,
    }));
    const network = readOnnx(model(nodes, { input: [1, 4], output: "__proto__" }));
    expect(network.nodes.map(({ name }) => name)).toEqual(["x", "constructor", "toString", "__proto__"]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("Keras and TensorFlow.js", () => {
  const tfjs = (topology: unknown, manifest: unknown = []): Uint8Array =>
    new TextEncoder().encode(JSON.stringify({ modelTopology: topology, weightsManifest: manifest }));
  const input = {
    class_name: "InputLayer",
    name: "in",
    config: { name: "in", batch_input_shape: [null, 4] },
    inbound_nodes: [],
  };

  function nested(depth: number): unknown {
    let layer: Record<string, unknown> = { class_name: "ReLU", name: "u", config: { name: "u" } };
    for (let level = 0; level < depth; level++) {
      const used = { ...layer, inbound_nodes: [[["in", 0, 0, {}]], [["u", 0, 0, {}]]] };
      layer = {
        class_name: "Functional",
        name: "u",
        config: {
          name: `m${level}`,
          layers: [input, used],
          input_layers: [["in", 0, 0]],
          output_layers: [["u", 1, 0]],
        },
      };
    }
    return layer;
  }

  it("refuses models that use each other twice, 30 levels deep, and reads few of them", async () => {
    expect(await refusal(() => readTfjs(tfjs(nested(30)), nothing))).toMatch(
      /^FORMAT: model "m\d+": needs at least \d+ nodes, the budget of reading is \d+/,
    );
    expect((await readTfjs(tfjs(nested(3)), nothing)).nodes).toHaveLength(9);
  });

  it("reads 20,000 layers", async () => {
    const layers = [
      input,
      ...Array.from({ length: 20_000 }, (_, index) => ({
        class_name: "ReLU",
        name: `r${index}`,
        config: { name: `r${index}` },
      })),
    ];
    expect(
      (await readTfjs(tfjs({ class_name: "Sequential", config: { name: "long", layers } }), nothing)).nodes,
    ).toHaveLength(20_001);
  });

  it("refuses a file that is named twice", async () => {
    const manifest = [{ paths: ["a.bin", "a.bin"], weights: [{ name: "w", shape: [2], dtype: "float32" }] }];
    expect(await refusal(() => readTfjs(tfjs(nested(1), manifest), async () => new Uint8Array(4)))).toMatch(
      /^FORMAT: model.json: .*expected each file once, got "a.bin" twice/,
    );
  });

  it("refuses a kernel of no weights, however large its other extents are", async () => {
    const image = { ...input, config: { name: "in", batch_input_shape: [null, 4, 4, 1] } };
    const layer = { class_name: "Conv2DTranspose", name: "t", config: { name: "t", use_bias: false } };
    const shape = [2 ** 20, 2 ** 20, 0, 1];
    const model = tfjs({ class_name: "Sequential", config: { name: "m", layers: [image, layer] } }, [
      { paths: ["a.bin"], weights: [{ name: "t/kernel", shape, dtype: "float32" }] },
    ]);
    expect(await refusal(() => readTfjs(model, nothing))).toBe(
      `FORMAT: layer "t": kernel: expected extents of at least 1, got [1048576,1048576,0,1]`,
    );
  });

  it("notices damage in any part of an archive", async () => {
    const archive = Buffer.from(zipSync(unzipSync(fixture("keras-sequence.keras")), { level: 0 }));
    expect(await refusal(() => readKeras(archive))).toBe("accepted");
    archive[archive.indexOf("keras_version") + 3] ^= 1;
    expect(await refusal(() => readKeras(archive))).toMatch(
      /^FORMAT: Keras archive: .*checksum of "metadata.json" is wrong/,
    );
  });

  it("keeps layers that are called like properties of every object", async () => {
    const names = ["constructor", "__proto__"];
    const layers = [input, ...names.map((name) => ({ class_name: "ReLU", name, config: { name } }))];
    expect(
      (await readTfjs(tfjs({ class_name: "Sequential", config: { name: "n", layers } }), nothing)).nodes.map(
        ({ name }) => name,
      ),
    ).toEqual(["in", ...names]);
  });
});

describe("PyTorch", () => {
  const archive = (content: Uint8Array, data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)): Uint8Array =>
    zipSync({ "a/data.pkl": content, "a/data/0": data });
  const dictionary = (shape: readonly number[], strides: readonly number[]): Uint8Array =>
    archive(pickle.of(pickle.dictionary(pickle.string("w"), pickle.tensor(shape, strides))));

  it("repeats a stored number only as far as the budget goes", async () => {
    expect(readStateDict(dictionary([3], [0])).get("w")?.data).toEqual(Float32Array.of(1, 1, 1));
    expect(await refusal(() => readStateDict(dictionary([2 ** 40], [0])))).toMatch(
      /^FORMAT: PyTorch file: "w": needs at least 1099511627776 elements/,
    );
    expect(await refusal(() => readStateDict(dictionary([3], [0]), undefined, { budget: { elements: 2 } }))).toMatch(
      /^FORMAT: .*the budget of reading is 2;/,
    );
  });

  it("refuses a dictionary of something else than pairs", async () => {
    expect(
      await refusal(() =>
        readStateDict(archive(pickle.of(pickle.call("collections.OrderedDict", pickle.tuple([0x4b, 5]))))),
      ),
    ).toMatch(/^UNSUPPORTED: PyTorch file: the file asks for collections.OrderedDict/);
  });

  it("ends with tuples that hold each other twice", async () => {
    const doubled = Array.from({ length: 60 }, (_, index) => [0x71, index, 0x68, index, 0x86]).flat();
    expect(await refusal(() => readStateDict(archive(pickle.of([0x4b, 1], doubled))))).toMatch(
      /^UNSUPPORTED: PyTorch file: expected a state dict/,
    );
    const keys = pickle.of([0x4b, 1], doubled);
    const magic = pickle.of([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
    const legacy = [
      magic,
      pickle.of([0x4b, 1]),
      pickle.of(pickle.dictionary(pickle.string("little_endian"), [0x88])),
      pickle.of([0x7d]),
      keys,
    ];
    expect(await refusal(() => readStateDict(Uint8Array.from(legacy.flatMap((part) => [...part]))))).toMatch(
      /^FORMAT: PyTorch file: the storage without a name/,
    );
  });

  it("counts the parts of a pickle", async () => {
    expect(await refusal(() => readStateDict(archive(pickle.of(new Array<number>(200_000).fill(0x7d)))))).toMatch(
      /^FORMAT: PyTorch file: needs at least \d+ nodes/,
    );
  });
});

describe(".llif", () => {
  it("refuses JSON that is nested deep", async () => {
    const deep = "[".repeat(50_000) + "]".repeat(50_000);
    expect(
      await refusal(() => readLlif(safetensors(`{"a":{"dtype":"F32","shape":${deep},"data_offsets":[0,0]}}`))),
    ).toMatch(/^FORMAT: .llif file: header: needs at least 50002 levels of nesting/);
    expect(
      await refusal(() =>
        readLlif(safetensors(JSON.stringify({ __metadata__: { format: "llif", version: "1", graph: deep } }))),
      ),
    ).toMatch(/^FORMAT: .llif file: network description: needs at least 50000 levels/);
  });

  it.each(["null", "[]", "{}", "3", "", '{"nodes":[null]}', '{"$tensor":"t9"}', '{"$number":"1"}'])(
    "refuses the description %s",
    async (graph) => {
      expect(
        await refusal(() =>
          readLlif(safetensors(JSON.stringify({ __metadata__: { format: "llif", version: "1", graph } }))),
        ),
      ).toMatch(/^(FORMAT|ARGUMENT): /);
    },
  );
});

describe("bytes of every holder", () => {
  const network = spikingNetwork({ inputs: [1], ticks: 3 })
    .dense({ weights: [[1]], threshold: 1, name: "a" })
    .build();
  const relu = model([node("Relu", ["x"], "y")], { input: [1, 4] });
  const readers: readonly [string, Uint8Array, (bytes: never) => unknown][] = [
    ["readModel of ONNX", relu, (bytes) => readModel(bytes)],
    ["readOnnx", relu, (bytes) => readOnnx(bytes)],
    ["readLlif", writeLlif(network), (bytes) => readLlif(bytes)],
    ["readStateDict", fixture("pytorch-zip.pth"), (bytes) => readStateDict(bytes)],
    ["readStateDict of the old format", fixture("pytorch-legacy.pth"), (bytes) => readStateDict(bytes)],
    ["readKeras of HDF5", fixture("keras-sequence.h5"), (bytes) => readKeras(bytes)],
    ["readKeras of an archive", fixture("keras-sequence.keras"), (bytes) => readKeras(bytes)],
  ];
  const holders: readonly [string, (bytes: Uint8Array) => unknown][] = [
    [
      "a view into a larger buffer",
      (bytes) => {
        const whole = new Uint8Array(bytes.length + 9).fill(0x50);
        whole.set(bytes, 5);
        return whole.subarray(5, 5 + bytes.length);
      },
    ],
    [
      "a Buffer that is a view",
      (bytes) => Buffer.concat([Buffer.alloc(3, 0x50), bytes, Buffer.alloc(3)]).subarray(3, 3 + bytes.length),
    ],
    ["an ArrayBuffer", (bytes) => new Uint8Array(bytes).buffer],
    [
      "a DataView",
      (bytes) => {
        const whole = new Uint8Array(bytes.length + 9);
        whole.set(bytes, 5);
        return new DataView(whole.buffer, 5, bytes.length);
      },
    ],
    ["another realm's array", (bytes) => runInNewContext("new Uint8Array(list)", { list: Array.from(bytes) })],
  ];

  it.each(
    readers.flatMap(([reader, bytes, read]) =>
      holders.map(([holder, hold]) => [reader, holder, bytes, read, hold] as const),
    ),
  )("%s takes %s", async (_reader, _holder, bytes, read, hold) => {
    const expected = JSON.stringify(await read(bytes as never));
    expect(JSON.stringify(await read(hold(bytes) as never))).toBe(expected);
  });

  it.each(
    readers.flatMap(([reader, , read]) =>
      [undefined, null, 7, "x", {}, [1], Float32Array.of(1), () => 1].map((value) => [reader, value, read] as const),
    ),
  )("%s refuses %j", async (_reader, value, read) => {
    expect(await refusal(() => read(value as never))).toMatch(/^ARGUMENT: .*expected bytes/);
  });
});
