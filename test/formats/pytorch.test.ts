// PyTorch state dicts: every storage, and no code run.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openBudget } from "../../ts/budget.ts";
import { readModel } from "../../ts/formats/detect.ts";
import { readStateDict } from "../../ts/formats/pytorch/state-dict.ts";
import { unpickle } from "../../ts/formats/pytorch/unpickle.ts";

const bytesOf = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
/** fixtures/make-pytorch.py */
const base = Array.from({ length: 24 }, (_, index) => index / 8);

describe("PyTorch state dicts", () => {
  it.each(["pytorch-zip.pth", "pytorch-legacy.pth"])("%s: every tensor, whatever its strides and type", (file) => {
    const tensors = Object.fromEntries(
      [...readStateDict(bytesOf(file))].map(([name, { shape, data }]) => [name, [shape, [...data]]]),
    );
    expect(tensors).toEqual({
      whole: [[2, 3, 4], base],
      transposed: [[4, 2, 3], [0, 1, 2, 3].flatMap((last) => [0, 1, 2, 3, 4, 5].map((row) => base[4 * row + last]))],
      part: [
        [2, 2],
        [base[16], base[18], base[20], base[22]],
      ],
      double: [[2], [1.5, -2.25]],
      half: [[2], [0.5, -3]],
      steps: [[], [300]],
      parameter: [
        [2, 1],
        [1, 2],
      ],
    });
  });

  it("finds the state dict in a checkpoint", () => {
    expect([...readStateDict(bytesOf("pytorch-checkpoint.pth")).keys()]).toEqual(["weight", "bias"]);
  });

  it("runs no code: whatever is no tensor is refused by name", () => {
    expect(() => readStateDict(bytesOf("pytorch-module.pth"))).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message: expect.stringContaining("asks for torch.nn.modules.linear.Linear, which is not run"),
      }),
    );
    // cos\nsystem\n(X\x04echoTR. in protocol 2
    const attack = Uint8Array.from([
      0x80,
      2,
      ...[..."cos\nsystem\n("].map((one) => one.charCodeAt(0)),
      0x58,
      4,
      0,
      0,
      0,
      ...[..."echotR."].map((one) => one.charCodeAt(0)),
    ]);
    const machine = { knows: () => false, call: () => undefined, persistent: () => null };
    expect(() => unpickle(attack, 0, machine, "attack.pth", openBudget(attack.length))).toThrow(
      "attack.pth: the file asks for os.system, which is not run",
    );
  });

  it("says that weights alone are no network", async () => {
    await expect(readModel(bytesOf("pytorch-zip.pth"), "w.pth")).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringMatching(/"w\.pth": a PyTorch state dict has weights \(7 tensors\) but no graph/),
    });
  });

  it.each(["pytorch-zip.pth", "pytorch-legacy.pth"])(
    "%s: every truncation and every flipped byte reads or is refused with an error of its own",
    (file) => {
      const whole = bytesOf(file);
      let refused = 0;
      const attempt = (bytes: Uint8Array): void => {
        try {
          readStateDict(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: "LlifError" });
          refused++;
        }
      };
      for (let length = 0; length < whole.length - 1; length += 7) attempt(whole.subarray(0, length));
      expect(refused).toBeGreaterThan(whole.length / 14);
      for (let at = 0; at < whole.length; at += 3)
        attempt(whole.map((byte, index) => (index === at ? byte ^ 0x41 : byte)));
    },
  );
});
