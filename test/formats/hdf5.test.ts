// HDF5 files as h5py writes them (fixtures/make-hdf5.py), and what damage to known structures does to them.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openBudget, type ReadBudget } from "../../ts/budget.ts";
import { openHdf5, type Hdf5Object } from "../../ts/formats/hdf5/file.ts";
import { readKeras } from "../../ts/formats/keras/hdf5.ts";
import { refusal } from "./hostile-bytes.ts";

const fixture = (name: string): Buffer => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const open = (bytes: Uint8Array, budget: ReadBudget = {}): Hdf5Object =>
  openHdf5(bytes, "file", openBudget(bytes.length, budget));
const numbersOf = (file: Hdf5Object, path: string) => file.find(path)!.numbers(path);
const counted = Float32Array.from({ length: 105 }, (_, index) => index);

describe.each(["hdf5-earliest.h5", "hdf5-v18.h5"])("%s", (name) => {
  const bytes = fixture(name);
  const file = open(bytes);

  it.each(["<f2", "<f4", ">f4", "<f8", "i1", "<i2", ">i4", "<i8", "u1", "<u2", "<u4", "<u8"])(
    "holds numbers of type %s",
    (type) => {
      expect(numbersOf(file, `types/${type}`)).toEqual({ shape: [7, 5, 3], data: counted });
    },
  );

  it("holds booleans, a scalar, nothing, and numbers in a header", () => {
    expect(numbersOf(file, "types/bool").data).toEqual(counted.map((value) => value % 2));
    expect(numbersOf(file, "scalar")).toEqual({ shape: [], data: Float32Array.of(2.5) });
    expect(numbersOf(file, "empty")).toEqual({ shape: [0, 4], data: new Float32Array(0) });
    expect(numbersOf(file, "compact")).toEqual({ shape: [4], data: Float32Array.of(0, 1, 2, 3) });
  });

  it.each(["plain", "gzip", "shuffled", "checked", "all", "odd"])("holds chunks: %s", (label) => {
    expect(numbersOf(file, `chunked/${label}`)).toEqual({ shape: [7, 5, 3], data: counted });
  });

  it("holds a tree of many chunks", () => {
    expect(numbersOf(file, "chunked/many").data).toEqual(Float32Array.from({ length: 300 }, (_, index) => index));
  });

  it("holds attributes of text, few or many", () => {
    expect(["text", "bytes", "list", "fixed list", "number", "none"].map((one) => file.text(one))).toEqual([
      "größer",
      "fixed",
      ["a", "", "ccc"],
      ["a", "bb"],
      undefined,
      undefined,
    ]);
    expect(file.find("many")!.text("attribute 119")).toBe("119");
  });

  it("holds links of every kind", async () => {
    const many = file.find("many")!;
    expect(many.size).toBe(120);
    for (let index = 0; index < 120; index++) {
      const path = `${String(index).padStart(3, "0")}-${"x".repeat(index % 40)}`;
      expect(many.has(path)).toBe(true);
      expect(many.find(path)!.numbers(path).shape).toEqual(index % 2 ? [3] : []);
    }
    expect(numbersOf(file, "/links/relative").data).toEqual(Float32Array.of(0, 1, 2));
    expect(numbersOf(file, "links/group/group/./group//target").data).toEqual(Float32Array.of(0, 1, 2));
    expect([file.find("links/nowhere"), file.find("links/none/x"), file.find("scalar/x")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await refusal(() => file.find("links/outside"))).toMatch(
      /^UNSUPPORTED: file: "outside": expected a link within the file/,
    );
    expect(await refusal(() => file.find("links/self"))).toMatch(/^FORMAT: file: needs at least 257 levels of nesting/);
    expect(await refusal(() => open(bytes).find("links/bomb39"))).toMatch(/^FORMAT: file: needs at least \d+ nodes/);
  });

  it.each([
    ["types/complex", /^UNSUPPORTED: .*expected numbers, got elements of type compound 64/],
    ["types/text", /^UNSUPPORTED: .*expected numbers, got elements of type variable length 128/],
    ["chunked/lzf", /^UNSUPPORTED: .*got HDF5 filter 32000/],
    ["chunked/partial", /^FORMAT: .*expected 2 chunks, got 1/],
    ["unstored", /^FORMAT: .*expected 4 numbers, got none stored/],
    ["links", /^FORMAT: .*expected a data set/],
  ])("refuses the numbers of %s", async (path, message) => {
    expect(await refusal(() => numbersOf(file, path))).toMatch(message);
  });

  it.each([
    ["checked", 16],
    ["odd", 14],
    ["all", 20],
    ["gzip", 8],
    ["shuffled", 12],
  ])("notices a changed byte of a chunk: %s", async (label, offset) => {
    const whole = JSON.stringify(numbersOf(file, `chunked/${label}`));
    let noticed = 0;
    for (const at of chunksOf(bytes)) {
      const damaged = Buffer.from(bytes);
      damaged[at + offset] ^= 1;
      let read = "";
      const refused = await refusal(() => (read = JSON.stringify(numbersOf(open(damaged), `chunked/${label}`))));
      // Else it is a chunk of another data set.
      if (refused === "accepted") expect(read).toBe(whole);
      else expect(refused).toMatch(/^FORMAT: .*(checksum of a chunk is wrong|corrupt)/);
      noticed += refused === "accepted" ? 0 : 1;
    }
    expect(noticed).toBe(label === "odd" ? 9 : 6);
  });
});

/** Where the chunks of three dimensions lie: 6 of each data set, 9 of one. */
function chunksOf(bytes: Buffer): number[] {
  const nodes = treesOf(bytes, 1).filter((node) => [6, 9].includes(bytes.readUInt16LE(node + 6)));
  return nodes.flatMap((node) =>
    Array.from({ length: bytes.readUInt16LE(node + 6) }, (_, index) =>
      Number(bytes.readBigUInt64LE(node + 24 + index * 48 + 40)),
    ),
  );
}

/** Nodes of B-trees: 0 of groups, 1 of chunks. */
function treesOf(bytes: Buffer, type: 0 | 1): number[] {
  const nodes: number[] = [];
  for (let at = bytes.indexOf("TREE"); at >= 0; at = bytes.indexOf("TREE", at + 1))
    if (bytes[at + 4] === type) nodes.push(at);
  return nodes;
}

/** The tree of the group with the most links. */
function longestGroup(bytes: Buffer): number {
  return treesOf(bytes, 0).reduce((longest, node) =>
    bytes.readUInt16LE(node + 6) > bytes.readUInt16LE(longest + 6) ? node : longest,
  );
}

/** Reads all chunks and the longest list of links. */
function readAll(bytes: Uint8Array, budget: ReadBudget = {}): void {
  const file = open(bytes, budget);
  for (const label of ["plain", "gzip", "shuffled", "checked", "all", "many"]) numbersOf(file, `chunked/${label}`);
  file.find("many")!.has("x");
}

describe("crafted HDF5", () => {
  const bytes = fixture("hdf5-earliest.h5");
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const copy = Buffer.from(bytes);
    change(copy);
    return copy;
  };

  it("is read whole where nothing is changed", async () => {
    expect(await refusal(() => readAll(bytes))).toBe("accepted");
  });

  it("refuses a node of a tree of chunks that is its own child, is there twice, or of another level", async () => {
    const node = treesOf(bytes, 1).find((one) => bytes[one + 5] > 0) as number;
    const first = bytes.readBigUInt64LE(node + 48);
    for (const [message, change] of [
      [/a tree has the node at \d+ twice/, (copy: Buffer) => copy.writeBigUInt64LE(BigInt(node), node + 48)],
      [/a tree has the node at \d+ twice/, (copy: Buffer) => copy.writeBigUInt64LE(first, node + 48 + 32)],
      [/of a tree: expected level \d, got 7/, (copy: Buffer) => (copy[Number(first) + 5] = 7)],
    ] as const)
      expect(await refusal(() => readAll(changed(change)))).toMatch(message);
  });

  it("refuses the same of a tree of links", async () => {
    const node = longestGroup(bytes);
    const first = bytes.readBigUInt64LE(node + 32);
    const parent = (child: bigint, level = 1) =>
      changed((copy) => {
        copy[node + 5] = level;
        copy.writeBigUInt64LE(child, node + 32);
      });
    expect(await refusal(() => readAll(parent(BigInt(node))))).toMatch(/^FORMAT: .*a tree has the node at \d+ twice/);
    expect(
      await refusal(() => readAll(parent(BigInt(treesOf(bytes, 0).find((one) => one !== node) as number), 2))),
    ).toMatch(/^FORMAT: .*of a tree: expected level 1, got 0/);
    expect(await refusal(() => readAll(changed((copy) => copy.writeBigUInt64LE(first, node + 48))))).toMatch(
      /^FORMAT: .*a group has the symbol table at \d+ twice/,
    );
  });

  it("refuses more chunks than there are, and one that is there twice", async () => {
    const node = treesOf(bytes, 1).find((at) => bytes[at + 5] === 0 && bytes.readUInt16LE(at + 6) === 6) as number;
    expect(await refusal(() => readAll(changed((copy) => copy.writeUInt16LE(65535, node + 6))))).toMatch(/^FORMAT: /);
    expect(
      await refusal(() => readAll(changed((copy) => copy.copy(copy, node + 24 + 48, node + 24, node + 24 + 48)))),
    ).toMatch(/^FORMAT: .*the chunk at \[\d,\d,\d\] is there twice/);
  });

  it("takes chunks of gzip from the budget before they are unpacked", async () => {
    expect(await refusal(() => readAll(bytes, { bytes: 2000 }))).toMatch(
      /^FORMAT: chunked\/\w+: needs at least \d+ bytes when unpacked, the budget of reading is 2000/,
    );
    // The layout's message: extents of 3, 5, 2 and an element of 4 bytes.
    const extents = Buffer.from(Uint32Array.of(3, 5, 2, 4).buffer);
    const bomb = changed((copy) => {
      for (let at = copy.indexOf(extents); at >= 0; at = copy.indexOf(extents, at + 1)) copy.writeUInt32LE(2 ** 31, at);
    });
    expect(await refusal(() => numbersOf(open(bomb), "chunked/gzip"))).toMatch(
      /^FORMAT: chunked\/gzip: needs at least \d+ elements/,
    );
  });

  it("refuses an object header that goes on in itself", async () => {
    const model = fixture("keras-branches.h5");
    // A continuation's message: its kind, its 16 bytes, no flags.
    const continuation = Buffer.from(Uint8Array.of(16, 0, 16, 0));
    const refusals: string[] = [];
    for (let at = model.indexOf(continuation); at >= 0; at = model.indexOf(continuation, at + 1)) {
      const cyclic = Buffer.from(model);
      cyclic.writeBigUInt64LE(BigInt(at), at + 8);
      refusals.push(await refusal(() => readKeras(cyclic)));
    }
    expect(refusals).toContainEqual(
      expect.stringMatching(/^FORMAT: HDF5 file: .*an object header goes on at \d+ twice/),
    );
  });

  it("refuses a file whose objects are more than the budget allows", async () => {
    expect(await refusal(() => readAll(bytes, { nodes: 100 }))).toMatch(
      /^FORMAT: .*needs at least 101 nodes, the budget of reading is 100/,
    );
    expect(await refusal(() => readAll(bytes, { elements: 1000 }))).toMatch(
      /^FORMAT: .*needs at least \d+ elements, the budget of reading is 1000/,
    );
  });
});
