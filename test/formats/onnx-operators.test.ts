// Every operator of the ONNX standard is either read, with cases, or refused by name.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LlifError } from "../../ts/errors.ts";
import { operators } from "../../ts/formats/onnx/operators.ts";
import { readOnnx } from "../../ts/formats/onnx/read.ts";
import { compare } from "./compare.ts";
import { model, node } from "./graphs.ts";
import { operatorCases } from "./operator-cases.ts";

interface Standard {
  readonly opset: number;
  readonly operators: Readonly<
    Record<string, { versions: number[]; deprecated: boolean; inputs: number; outputs: number }>
  >;
}

/** Written by operators.py from the package onnx. */
const standard: Standard = JSON.parse(readFileSync(new URL("operators.json", import.meta.url), "utf8"));
const oldest = 7;
/** The newest operator set that the pinned onnxruntime-web runs. */
const newestOfRuntime = 25;

/** Operator sets from 7 on in which an operator's definition changed, and the newest. */
function opsetsOf(name: string): number[] {
  const { versions, deprecated } = standard.operators[name];
  const last = deprecated ? versions[versions.length - 1] - 1 : newestOfRuntime;
  const changed = versions.map((version) => Math.max(oldest, version)).filter((version) => version <= last);
  return [...new Set([...changed, last])];
}

describe("every operator of the ONNX standard", () => {
  const names = Object.keys(standard.operators);
  const read = names.filter((name) => operators.has(name));
  const refused = names.filter((name) => !operators.has(name));

  it("is in the list, and every operator that is read has cases", () => {
    expect(names.length).toBeGreaterThan(200);
    expect(Object.keys(operatorCases).sort()).toEqual([...operators.keys()].sort());
    expect(read.sort()).toEqual([...operators.keys()].sort());
  });

  it.each(read.flatMap((name) => opsetsOf(name).map((opset) => [name, opset] as const)))(
    "%s of opset %i equals onnxruntime-web",
    async (name, opset) => {
      const cases = operatorCases[name](opset);
      expect(cases.length > 0 || opset < standard.operators[name].versions[0]).toBe(true);
      for (const { nodes, options } of cases) await compare(nodes, { ...options, opset });
    },
  );

  it.each(refused)("%s is refused by name", (name) => {
    const domain = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "";
    const { inputs, outputs } = standard.operators[name];
    const draft = node(name.slice(name.lastIndexOf(".") + 1), new Array<string>(inputs).fill("x"), "y");
    const output = ["y", ...Array.from({ length: outputs - 1 }, (_, index) => `y${index}`)];
    const bytes = model(
      [node("Relu", ["x"], "r"), { ...draft, domain, output } as typeof draft, node("Relu", ["y"], "z")],
      { input: ["N", 3, 8, 8], output: "z", opset: standard.opset },
    );
    let error: unknown;
    try {
      readOnnx(bytes);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(LlifError);
    expect(error).toMatchObject({ code: "UNSUPPORTED", nodes: ["y-node"] });
    // An If is read where shapes decide it, so that its refusal says why this one is not.
    const reason =
      name === "If" ? "its condition depends on the input or on the batch size" : `operator ${name} is not supported`;
    expect((error as LlifError).message).toContain(`"y-node" (${name}): ${reason}`);
  });
});
