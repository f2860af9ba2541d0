// Folders of the benchmark.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// The bundle .cache/bench/main.mjs is two folders below the root; this file, which vitest loads, is one below.
const here = fileURLToPath(new URL(".", import.meta.url));
const root = here.includes(".cache") ? join(here, "..", "..") : join(here, "..");

export const inRoot = (...parts: readonly string[]): string => join(root, ...parts);
/** Converted networks, programs and files for contenders; safe to delete. */
export const cacheFolder = inRoot(".cache", "bench");
export const resultsFolder = inRoot("bench", "results");
