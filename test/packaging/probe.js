// The same program in Node and in a page: what it returns must be equal. Plain data only, it crosses as JSON.
import { preloadCore, supportsSimd } from "llif";

export async function probe() {
  const module = await preloadCore();
  return {
    simd: supportsSimd(),
    coreExports: WebAssembly.Module.exports(module).map(({ name }) => name),
  };
}
