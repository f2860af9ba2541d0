// `npm run dev -- <tests>`: compiles the core in seconds, without the optimiser, and runs the named TypeScript tests on
// it.
import { setupOrExit } from "./setup.mjs";
import { follow } from "./toolchain.mjs";

const tests = process.argv.slice(2);
await setupOrExit({ wasm: "dev", types: false });
if (tests.length === 0) tests.push("test/conformance/codes.test.ts", "test/conformance/pools.test.ts");
const { code } = await follow(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...tests]);
process.exitCode = code;
