// Workers without threads, for tests of what becomes of them.
import { serve } from "../../ts/parallel/serve.ts";
import { currentPlatform, providePlatform, type WorkerHandle } from "../../ts/platform.ts";

/** Workers in this thread, whose messages are copied as real ones are; `fate` ends one as it gets a message. */
export function tameWorkers(fate: (message: { kind: string }, born: number) => boolean): {
  readonly born: () => number;
} {
  let born = 0;
  providePlatform({
    ...currentPlatform(),
    spawnWorker(): WorkerHandle {
      const number = born++;
      let tell: (message: unknown) => void = () => undefined;
      let die: (cause: unknown) => void = () => undefined;
      let ended = false;
      const answer = serve(
        (message, transfer) =>
          ended || setTimeout(() => !ended && tell(structuredClone(message, { transfer: [...transfer] }))),
        () => undefined,
      );
      return {
        post(message) {
          if (fate(message as { kind: string }, number)) {
            ended = true;
            setTimeout(() => die(new Error("struck by lightning")));
          } else void answer(structuredClone(message));
        },
        listen: (onMessage, onDeath) => void ([tell, die] = [onMessage, onDeath]),
        terminate: () => void (ended = true),
      };
    },
  });
  return { born: () => born };
}
