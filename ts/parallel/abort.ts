// Calls functions when a signal is aborted, with a single listener per signal.

interface Waiting {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `abort` when the signal is aborted. A signal has at most one listener, and none if nothing is pending, because
 * it may live as long as the application.
 * @returns a function that cancels the call; idempotent.
 */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  if (signal === undefined) return () => undefined;
  const { calls, listener } = waiting.get(signal) ?? startWaiting(signal);
  const call = (): void => abort();
  if (calls.size === 0) signal.addEventListener("abort", listener, { once: true });
  calls.add(call);
  return () => {
    if (calls.delete(call) && calls.size === 0) signal.removeEventListener("abort", listener);
  };
}

function startWaiting(signal: AbortSignal): Waiting {
  const calls = new Set<() => void>();
  const started = { calls, listener: () => [...calls].forEach((call) => call()) };
  waiting.set(signal, started);
  return started;
}
