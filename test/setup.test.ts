// Set-up installs npm packages where the record, a version or a folder is missing.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "llif-setup-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function areInstalled(): unknown {
  const script = `import { packagesAreInstalled } from "./scripts/setup.mjs";
    process.stdout.write(JSON.stringify(packagesAreInstalled(process.env.FOLDER)));`;
  const found = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: fileURLToPath(new URL("../", import.meta.url)),
    encoding: "utf8",
    env: { ...process.env, FOLDER: folder },
  });
  return JSON.parse(found);
}

const lock = (version: string): string =>
  JSON.stringify({
    packages: {
      "node_modules/@a/b": { version },
      "node_modules/elsewhere": { version: "1.0.0", optional: true },
    },
  });

it("believes npm's record only where the packages are there", () => {
  const installed = join(folder, "node_modules", "@a", "b");
  writeFileSync(join(folder, "package-lock.json"), lock("1.2.3"));
  expect(areInstalled()).toBe(false);
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, "package.json"), "{}");
  writeFileSync(join(folder, "node_modules", ".package-lock.json"), lock("1.2.3"));
  expect(areInstalled()).toBe(true);
  rmSync(installed, { recursive: true });
  expect(areInstalled()).toBe(false);
  mkdirSync(installed);
  writeFileSync(join(installed, "package.json"), "{}");
  writeFileSync(join(folder, "package-lock.json"), lock("1.2.4"));
  expect(areInstalled()).toBe(false);
});
