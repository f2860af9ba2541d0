// A group of threads or web workers that answer questions. Dead workers are replaced and their questions asked again.
import { DisposedError, LlifError, throwIfAborted, type LlifErrorCode } from "../errors.ts";
import { checkInteger } from "../check.ts";
import { currentPlatform, type WorkerHandle } from "../platform.ts";
import { onAbort } from "./abort.ts";
import { owned } from "./owned.ts";

/** A question to a worker; the answer repeats its number. */
export interface Question {
  readonly kind: string;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: LlifErrorCode; readonly message: string; readonly nodes: readonly string[] };
}

interface Task {
  readonly id: number;
  readonly question: Question;
  readonly answer: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  deaths: number;
  settled: boolean;
}

interface Member {
  readonly handle: WorkerHandle;
  /** Posted and not answered yet; the first one is being worked on. */
  readonly tasks: Task[];
  dead: boolean;
}

/** A task that kills this many workers fails. */
const mostDeaths = 3;

/** Tasks posted to a worker at once: it starts the next one while this thread handles its last answer. */
const mostTasks = 2;

/** A worker that still works on a cancelled task after this time is replaced. */
const patienceMs = 250;

/** Workers that answer questions one after the other. */
export class Workers {
  readonly size: number;
  /** The answer to the first question, the same from every worker. */
  welcome: unknown = null;
  readonly #first: Question;
  readonly #members: Member[] = [];
  readonly #waiting: Task[] = [];
  #nextId = 1;
  /** Tasks that are not settled. */
  #open = 0;
  #disposed = false;

  /** @param first the first question for each worker. */
  private constructor(size: number, first: Question) {
    this.size = size;
    this.#first = first;
  }

  /**
   * @param size default: as many as the machine can run at once.
   * @throws {LlifError} UNSUPPORTED if the runtime has no workers; ENGINE if they do not start; ARGUMENT for data that
   * cannot be posted; errors that answer `first`.
   */
  static async start(size: number | undefined, first: Question): Promise<Workers> {
    const { spawnWorker, parallelism } = currentPlatform();
    if (spawnWorker === undefined)
      throw new LlifError("UNSUPPORTED", "workers: this runtime has none; simulate in one thread");
    const workers = new Workers(checkInteger("size", size ?? Math.max(1, parallelism?.() ?? 1), 1, 1024), first);
    try {
      [workers.welcome] = await Promise.all(Array.from({ length: workers.size }, () => workers.#add()));
    } catch (error) {
      workers.dispose();
      throw error;
    }
    return workers;
  }

  /**
   * Asks one question. Its arrays must not change until it is answered, because it may be asked again.
   * @throws {LlifError} the worker's error; ARGUMENT for data that cannot be posted; ABORTED; ENGINE if workers keep
   * dying over it.
   * @throws {DisposedError} after dispose().
   */
  async ask(question: Question, signal?: AbortSignal): Promise<unknown> {
    throwIfAborted(signal);
    const task = this.#put(question);
    const forget = onAbort(signal, () => this.#cancel(task, abortedBy(signal)));
    try {
      return await task.answer;
    } finally {
      forget();
    }
  }

  /**
   * Asks questions as workers become free, so that few questions are queued. The first error ends everything.
   * @param next returns one question after the other, and null at the end.
   * @returns the answers in the order of the questions.
   * @throws as `ask`; errors of `next` and `onAnswer`.
   */
  async askAll<Asked extends Question>(
    next: () => Asked | null,
    { signal, onAnswer }: { readonly signal?: AbortSignal; readonly onAnswer?: (question: Asked) => void } = {},
  ): Promise<unknown[]> {
    throwIfAborted(signal);
    const answers: unknown[] = [];
    const open = new Set<Task>();
    let ended = false;
    const end = (error: unknown): void => {
      ended = true;
      for (const task of open) this.#cancel(task, error);
    };
    const askInTurn = async (): Promise<void> => {
      for (let question = next(); question !== null; question = ended ? null : next()) {
        const task = this.#put(question);
        const place = answers.push(undefined) - 1;
        open.add(task);
        answers[place] = await task.answer;
        open.delete(task);
        onAnswer?.(question);
      }
    };
    // Enough for all workers, and some more so that `#assign` knows that more will come.
    const atOnce = this.size * (mostTasks + 1) + 1;
    const forget = onAbort(signal, () => end(abortedBy(signal)));
    try {
      await Promise.all(Array.from({ length: atOnce }, () => askInTurn()));
    } catch (error) {
      end(error);
      throw error;
    } finally {
      forget();
    }
    throwIfAborted(signal);
    return answers;
  }

  /** Ends all workers; open questions fail. Idempotent. */
  dispose(): void {
    this.#disposed = true;
    const open = [...this.#waiting.splice(0), ...this.#members.flatMap(({ tasks }) => tasks)];
    for (const member of [...this.#members]) this.#end(member);
    for (const task of open) this.#cancel(task, new DisposedError("the pool of workers"));
  }

  #put(question: Question): Task {
    if (this.#disposed) throw new DisposedError("the pool of workers");
    const task = this.#newTask(question);
    this.#waiting.push(task);
    this.#grow();
    this.#assign();
    return task;
  }

  #newTask(question: Question): Task {
    let settle: Pick<Task, "resolve" | "reject"> | undefined;
    const answer = new Promise<unknown>((resolve, reject) => (settle = { resolve, reject }));
    if (++this.#open === 1) this.#stayAlive(true);
    return {
      id: this.#nextId++,
      question,
      answer,
      ...(settle as unknown as Pick<Task, "resolve" | "reject">),
      deaths: 0,
      settled: false,
    };
  }

  /** Starts a worker. Resolves when it has answered the first question. */
  async #add(): Promise<unknown> {
    const member: Member = { handle: startWorker(), tasks: [], dead: false };
    member.handle.listen(
      (message) => this.#hear(member, message as Answer),
      (cause) => this.#mourn(member, cause),
    );
    this.#members.push(member);
    const task = this.#newTask(this.#first);
    this.#stayAlive(true);
    this.#give(member, task);
    try {
      return await task.answer;
    } catch (error) {
      this.#end(member);
      throw error;
    }
  }

  /** Starts missing workers. */
  #grow(): void {
    for (let missing = this.size - this.#members.length; missing > 0 && !this.#disposed; missing--) {
      this.#add().then(
        () => this.#assign(),
        (error: unknown) => {
          if (this.#members.length === 0) for (const task of this.#waiting.splice(0)) this.#cancel(task, error);
        },
      );
    }
  }

  #end(member: Member): void {
    member.dead = true;
    member.handle.terminate();
    const place = this.#members.indexOf(member);
    if (place >= 0) this.#members.splice(place, 1);
  }

  /** Ends a worker; a new one takes its tasks. */
  #replace(member: Member): void {
    this.#end(member);
    this.#waiting.unshift(...member.tasks.filter(({ settled }) => !settled));
    this.#grow();
    this.#assign();
  }

  #give(member: Member, task: Task): void {
    member.tasks.push(task);
    try {
      // The arrays of the first question share one buffer, which is sent once.
      const question = task.question === this.#first ? task.question : owned(task.question);
      member.handle.post({ ...question, id: task.id });
    } catch (cause) {
      member.tasks.pop();
      this.#cancel(
        task,
        new LlifError(
          "ARGUMENT",
          `workers: expected plain data and arrays, which can be posted to a worker: ${reasonOf(cause)}`,
          { cause },
        ),
      );
    }
  }

  #assign(): void {
    for (let most = 1; most <= mostTasks; most++) {
      for (const member of this.#members) {
        if (member.tasks[0]?.question === this.#first) continue;
        while (member.tasks.length < most) {
          while (this.#waiting[0]?.settled === true) this.#waiting.shift();
          // The last tasks stay in the queue for the worker that is free first.
          if (this.#waiting.length <= (most === 1 ? 0 : this.#members.length)) return;
          this.#give(member, this.#waiting.shift() as Task);
        }
      }
    }
  }

  #hear(member: Member, { id, value, error }: Answer): void {
    const [task] = member.tasks;
    if (member.dead || task === undefined || task.id !== id) return;
    member.tasks.shift();
    if (error === undefined) this.#settle(task, () => task.resolve(value));
    else this.#cancel(task, new LlifError(error.code, error.message, { nodes: error.nodes }));
    // The worker's memory may be exhausted, and its core cannot be used again.
    if (error?.code === "ENGINE" && task.question !== this.#first) return this.#replace(member);
    this.#watch(member);
    this.#assign();
  }

  #mourn(member: Member, cause: unknown): void {
    if (member.dead) return;
    const [task] = member.tasks;
    if (task?.question === this.#first) {
      this.#end(member);
      return this.#cancel(
        task,
        new LlifError("ENGINE", `workers: a worker died as it started: ${reasonOf(cause)}`, { cause }),
      );
    }
    if (task !== undefined && ++task.deaths >= mostDeaths) {
      this.#cancel(
        task,
        new LlifError(
          "ENGINE",
          `workers: ${mostDeaths} workers died over the same work; the last: ${reasonOf(cause)}`,
          { cause },
        ),
      );
    }
    this.#replace(member);
  }

  #cancel(task: Task, error: unknown): void {
    this.#settle(task, () => task.reject(error));
    const member = this.#members.find(({ tasks }) => tasks[0] === task);
    if (member !== undefined) this.#watch(member);
  }

  /** Gives a worker some time to finish a cancelled task before it is replaced. */
  #watch(member: Member): void {
    const [task] = member.tasks;
    if (task?.settled !== true) return;
    const timer: unknown = setTimeout(() => {
      if (!member.dead && member.tasks[0] === task) this.#replace(member);
    }, patienceMs);
    // In Node, a pending timer would keep the process running.
    (timer as { unref?(): void }).unref?.();
  }

  #settle(task: Task, settle: () => void): void {
    if (task.settled) return;
    task.settled = true;
    if (--this.#open === 0) this.#stayAlive(false);
    settle();
  }

  /** An idle pool does not keep a process running. */
  #stayAlive(stay: boolean): void {
    for (const { handle } of this.#members) handle.stayAlive?.(stay);
  }
}

function startWorker(): WorkerHandle {
  const { spawnWorker } = currentPlatform();
  if (spawnWorker === undefined) throw new LlifError("UNSUPPORTED", "workers: this runtime has none");
  try {
    return spawnWorker();
  } catch (cause) {
    throw new LlifError("ENGINE", `workers: a worker could not be started: ${reasonOf(cause)}`, { cause });
  }
}

const abortedBy = (signal: AbortSignal | undefined): LlifError =>
  new LlifError("ABORTED", "cancelled", { cause: signal?.reason });

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
