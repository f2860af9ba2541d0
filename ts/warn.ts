// All warnings of the package go through here: to the console, or to a function that collects them.

/** Receives a warning, without the prefix `llif: `. */
export type Warn = (message: string) => void;

const once = new Set<string>();
let collectors: readonly Warn[] = [];

/** Sends a warning to the collectors, or, if there are none, to the console as `llif: <message>`. */
export function warn(message: string): void {
  if (collectors.length === 0) console.warn(`llif: ${message}`);
  else for (const collect of collectors) collect(message);
}

/** Warns only once per process and key: for facts about the runtime or the whole program. */
export function warnOnce(key: string, message: string): void {
  if (once.has(key)) return;
  once.add(key);
  warn(message);
}

/** Sends warnings to `collect` instead of the console until the returned function is called. */
export function collectWarnings(collect: Warn): () => void {
  const own: Warn = (message) => collect(message);
  collectors = [...collectors, own];
  return () => {
    collectors = collectors.filter((other) => other !== own);
  };
}
