import { DisposedError, LlifError, throwIfAborted, type LlifErrorCode } from "../errors.ts";
import { checkInteger } from "../check.ts";
import { currentPlatform, type WorkerHandle } from "../platform.ts";
import { owned } from "./owned.ts";

/** A question to a worker; the answer repeats its number. */
export interface Question {
  readonly kind: string;
  readonly [key: string]: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: LlifErrorCode; readonly message: string; readonly nodes: readonly string[] };
}

interface Task {
  readonly id: number;
  readonly question: Question;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  deaths: number;
  settled: boolean;
}

interface Member {
  readonly handle: WorkerHandle;
  /** Posted and not answered: the first is being worked on. */
  readonly tasks: Task[];
  dead: boolean;
}

/** A task that ends this many workers is to blame itself. */
const mostDeaths = 3;

/** Tasks of a worker at once: it goes on with the next while its last answer waits for this thread. */
const mostTasks = 2;

/** Workers that answer questions, one after the other; one that dies is replaced, and its questions are asked again. */
export class Workers {
  readonly size: number;
  /** A worker's answer to the first question; all give the same. */
  welcome: unknown = null;
  readonly #first: Question;
  readonly #members: Member[] = [];
  readonly #waiting: Task[] = [];
  #nextId = 1;
  #disposed = false;

  /** @param first what each worker is told before anything else. */
  private constructor(size: number, first: Question) {
    this.size = size;
    this.#first = first;
  }

  /**
   * @param size default: as many as the machine runs side by side.
   * @throws {LlifError} UNSUPPORTED where the runtime has no workers; what a worker refuses of `first`.
   */
  static async start(size: number | undefined, first: Question): Promise<Workers> {
    const { spawnWorker, parallelism } = currentPlatform();
    if (spawnWorker === undefined) throw new LlifError("UNSUPPORTED", "workers: this runtime has none; simulate in one thread");
    const workers = new Workers(checkInteger("size", size ?? Math.max(1, parallelism?.() ?? 1), 1, 1024), first);
    try {
      [workers.welcome] = await Promise.all(Array.from({ length: workers.size }, () => workers.#add()));
    } catch (error) {
      workers.dispose();
      throw error;
    }
    return workers;
  }

  /** @throws {LlifError} what the worker throws; ABORTED; ENGINE when workers keep dying over it. */
  ask(question: Question, signal?: AbortSignal): Promise<unknown> {
    throwIfAborted(signal);
    if (this.#disposed) throw new DisposedError("the pool of workers");
    return new Promise((resolve, reject) => {
      const task: Task = { id: this.#nextId++, question, resolve, reject, deaths: 0, settled: false };
      signal?.addEventListener("abort", () => this.#settle(task, () => reject(new LlifError("ABORTED", "cancelled"))), { once: true });
      this.#waiting.push(task);
      this.#assign();
    });
  }

  /** Idempotent; ends all workers. Questions without an answer are refused. */
  dispose(): void {
    this.#disposed = true;
    const open = [...this.#waiting, ...this.#members.flatMap(({ tasks }) => tasks)];
    for (const member of this.#members) {
      member.dead = true;
      member.handle.terminate();
    }
    this.#members.length = 0;
    this.#waiting.length = 0;
    for (const task of open) this.#settle(task, () => task.reject(new DisposedError("the pool of workers")));
  }

  /** Resolves when the worker has taken the first question. */
  #add(): Promise<unknown> {
    const { spawnWorker } = currentPlatform();
    if (spawnWorker === undefined) throw new LlifError("UNSUPPORTED", "workers: this runtime has none");
    const member: Member = { handle: spawnWorker(), tasks: [], dead: false };
    member.handle.listen(
      (message) => this.#hear(member, message as Answer),
      (cause) => this.#replace(member, cause),
    );
    this.#members.push(member);
    return new Promise((resolve, reject) => {
      this.#give(member, { id: this.#nextId++, question: this.#first, resolve, reject, deaths: 0, settled: false });
    });
  }

  #give(member: Member, task: Task): void {
    member.tasks.push(task);
    // The first question's many arrays are views of one buffer, which crosses once.
    const question = task.question === this.#first ? task.question : owned(task.question);
    member.handle.post({ ...question, id: task.id });
  }

  #assign(): void {
    for (let most = 1; most <= mostTasks; most++) {
      for (const member of this.#members) {
        if (member.tasks.length >= most || member.dead || member.tasks[0]?.question === this.#first) continue;
        while (this.#waiting[0]?.settled === true) this.#waiting.shift();
        // The last tasks go to whoever is free first.
        if (this.#waiting.length <= (most === 1 ? 0 : this.#members.length)) return;
        this.#give(member, this.#waiting.shift() as Task);
      }
    }
  }

  #hear(member: Member, { id, value, error }: Answer): void {
    const [task] = member.tasks;
    if (task === undefined || task.id !== id) return;
    member.tasks.shift();
    this.#settle(task, () => (error === undefined ? task.resolve(value) : task.reject(new LlifError(error.code, error.message, { nodes: error.nodes }))));
    this.#assign();
  }

  #replace(member: Member, cause: unknown): void {
    if (member.dead || this.#disposed) return;
    member.dead = true;
    member.handle.terminate();
    this.#members.splice(this.#members.indexOf(member), 1);
    const [task] = member.tasks;
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (task !== undefined && ++task.deaths >= mostDeaths) this.#settle(task, () => task.reject(new LlifError("ENGINE", `workers: ${mostDeaths} workers died over the same work; the last: ${reason}`, { cause })));
    // The first question is asked anew by the replacement itself.
    if (task?.question === this.#first) this.#settle(task, () => task.reject(new LlifError("ENGINE", `workers: a worker died as it started: ${reason}`, { cause })));
    else this.#waiting.unshift(...member.tasks.filter(({ settled }) => !settled));
    this.#add().then(
      () => this.#assign(),
      (error: unknown) => {
        for (const waiting of this.#waiting.splice(0)) this.#settle(waiting, () => waiting.reject(error));
      },
    );
  }

  #settle(task: Task, settle: () => void): void {
    if (task.settled) return;
    task.settled = true;
    settle();
  }
}
