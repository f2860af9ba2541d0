// The one way in which the package warns: on the console, or to whoever collects.

/** Takes a warning, without the prefix `llif: `. */
export type Warn = (message: string) => void;

const once = new Set<string>();
let collectors: readonly Warn[] = [];

/** Tells those who collect, or else the console, as `llif: <message>`. */
export function warn(message: string): void {
  if (collectors.length === 0) console.warn(`llif: ${message}`);
  else for (const collect of collectors) collect(message);
}

/** The same, once a process for each key: for what is true of the runtime or of a whole program. */
export function warnOnce(key: string, message: string): void {
  if (once.has(key)) return;
  once.add(key);
  warn(message);
}

/** Warnings go to `collect`, rather than to the console, until the returned function is called. */
export function collectWarnings(collect: Warn): () => void {
  const own: Warn = (message) => collect(message);
  collectors = [...collectors, own];
  return () => {
    collectors = collectors.filter((other) => other !== own);
  };
}
