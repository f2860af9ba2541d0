// Documents are true: cited theorems and named files exist.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const mathematics = read("docs/mathematics.md");
const headings = [...mathematics.matchAll(/^#{2,3} (.*)$/gm)].map(([, heading]) => heading.toLowerCase());

const sources = ["ts", "crates", "test"].flatMap((folder) =>
  (readdirSync(new URL(`${folder}/`, root), { recursive: true }) as string[])
    .filter((name) => /\.(ts|rs)$/.test(name) && !name.includes("/pkg/") && !name.includes("target/"))
    .map((name) => `${folder}/${name}`),
);

it("every theorem and section that a docstring cites is in docs/mathematics.md", () => {
  const wrong: string[] = [];
  let cited = 0;
  for (const source of sources) {
    for (const [, rest] of read(source).matchAll(/docs\/mathematics\.md[,: ]*([^\n]*)/g)) {
      for (const [name] of rest.matchAll(/\b[TC]\d+\b/g)) {
        cited++;
        if (
          !headings.some((heading) => heading.startsWith(`${name.toLowerCase()} ·`)) &&
          !mathematics.includes(`**${name},`)
        )
          wrong.push(`${source}: ${name}`);
      }
      const section = /^([a-z][a-z ]+[a-z])/.exec(rest)?.[1];
      if (section === undefined) continue;
      cited++;
      if (!headings.some((heading) => heading.startsWith(section))) wrong.push(`${source}: ${section}`);
    }
  }
  expect(cited).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
});

it.each([
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "docs/mathematics.md",
  "docs/results.md",
  "docs/learning.md",
  "docs/live.md",
  "docs/live.md",
])("%s names files that exist", (document) => {
  const paths = [
    ...read(document).matchAll(
      /(?<![\w./-])((?:ts|test|crates|docs|models|scripts|examples|bench|\.ci|\.cargo)\/[\w./-]*[\w/])/g,
    ),
  ].map(([, path]) => path);
  expect(paths.filter((path) => !existsSync(fileURLToPath(new URL(path, root))))).toEqual([]);
});

it("links between documents lead to files", () => {
  const documents = ["README.md", ...readdirSync(new URL("docs/", root)).map((name) => `docs/${name}`)].filter((name) =>
    name.endsWith(".md"),
  );
  const links = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => ({ document, link })),
  );
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter(({ document, link }) => !existsSync(new URL(link, new URL(document, root))))).toEqual([]);
});
