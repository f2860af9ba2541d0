// Every source file opens with a comment that says what it is for, and words with a meaning of our own are not used.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: fileURLToPath(root),
  encoding: "utf8",
});
const files = listed.split("\n").filter((path) => path !== "");
const sources = files.filter(
  (path) =>
    /^(ts|crates|scripts|bench|examples|test)\//.test(path) &&
    /\.(ts|rs|mjs|js)$/.test(path) &&
    !path.includes("/pkg/"),
);
/** The generated file has ONNX's own words. */
const spoken = files.filter(
  (path) =>
    /^(ts|crates|scripts|bench|examples|docs)\/.*\.(ts|rs|mjs|js|md|py)$|^[A-Z]+\.md$/.test(path) &&
    path !== "ts/formats/onnx/onnx_pb.ts",
);

/** Each word, the field's word for it, and where it has its ordinary meaning. */
const words: readonly { readonly word: RegExp; readonly instead: string; readonly allowed?: RegExp }[] = [
  { word: /\b(takes?|took|taken|taking) (a spike |spikes )?back\b/i, instead: "negative spikes, cancels" },
  { word: /\bowe[sd]?\b|\bowing\b/i, instead: "carry, needs" },
  { word: /ledger/i, instead: "schedule" },
  { word: /\bmerged planes?\b/i, instead: "binary count planes" },
  // Images that are held out are the field's term.
  { word: /(?<![\w-])held(?!-out)\b/i, instead: "unchanged by input, kept, has", allowed: /held out/i },
  { word: /\bseveral\b/i, instead: "multi-spike, more than one" },
  { word: /\binterleaved?\b/i, instead: "synchronous" },
  { word: /\bso many\b/i, instead: "the number itself" },
  { word: /\bthat of\b/i, instead: "the noun" },
];

it("every source file opens with a comment", () => {
  expect(sources.length).toBeGreaterThan(400);
  expect(sources.filter((path) => !/^(#!.*\n)?\s*(\/\/|\/\*)/.test(read(path)))).toEqual([]);
});

it.each(words)("nothing says $word (instead: $instead)", ({ word, allowed }) => {
  const found = spoken.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, index) =>
        word.test(line) && !(allowed?.test(line) ?? false) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
      ),
  );
  expect(found).toEqual([]);
});
