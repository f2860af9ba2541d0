// Compiles the TypeScript programs of an example, which import "llif" as users do.
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

/**
 * @param example URL of the example's folder.
 * @param use gets a function from the name of a program to its exports; an error that it throws is printed.
 */
export async function withPrograms(example, use) {
  const here = fileURLToPath(example);
  // The folder is inside the package, so that the import of "llif" finds it.
  const folder = await mkdtemp(join(here, "build-"));
  const compile = async (name) => {
    const outfile = join(folder, `${name}.mjs`);
    await build({
      entryPoints: [join(here, `${name}.ts`)],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      external: ["llif"],
      logLevel: "error",
    });
    return import(pathToFileURL(outfile).href);
  };
  try {
    await use(compile);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}
