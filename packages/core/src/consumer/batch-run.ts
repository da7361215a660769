import { asRecord } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { BatchHandler, Handler, HandlerContext, Logger, Message } from "../queue-consumer.ts";
import type { Clock, Timer } from "../time/clock.ts";
import type { Duration } from "../time/duration.ts";
import { soon } from "../time/soon.ts";
import { RunContext } from "./run-context.ts";

export interface GatherOptions {
  readonly size: number;
  /** Longest wait for a batch to fill. */
  readonly waitMs: number;
  /** Most batches at once. */
  readonly concurrency: () => number;
  readonly clock: Clock;
  /** Called when a batch has ended. @default no callback */
  readonly onEnd?: () => void;
}

interface Member {
  readonly message: Message<unknown>;
  readonly context: HandlerContext;
  /** Resolve or reject it to end the run of this one message. */
  readonly run: PromiseWithResolvers<void>;
}

/**
 * Turns a batch handler into a message handler: each run ends with the outcome of its own message. One
 * gatherer serves one consumer, or one event.
 */
export class Gatherer {
  readonly #handler: BatchHandler<unknown>;
  readonly #options: GatherOptions;
  #members: Member[] = [];
  /** Batches that take room. */
  running = 0;
  readonly #batches = new Set<readonly Member[]>();
  #timer: Timer | undefined;
  #waitMs: number;

  constructor(handler: BatchHandler<unknown>, options: GatherOptions) {
    this.#handler = handler;
    this.#options = options;
    this.#waitMs = options.waitMs;
  }

  readonly handler: Handler<unknown> = async (
    message: Message<unknown>,
    context: HandlerContext,
  ): Promise<void> => {
    const member: Member = { message, context, run: Promise.withResolvers() };
    this.#members.push(member);
    RunContext.wait(context);
    if (this.#members.length >= this.#options.size) this.#startFull();
    else this.#startLater();
    await member.run.promise;
  };

  /** Sets one timer, for the oldest member. Without a wait, all that start in one tick form a batch. */
  #startLater(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#waitMs;
    const start = (): void => {
      this.#timer = undefined;
      if (waitMs > 0) this.#dropGone();
      this.#startAll();
    };
    if (waitMs > 0) {
      this.#timer = this.#options.clock.setTimer(start, waitMs);
    } else {
      this.#timer = { cancel: () => {} };
      soon(start);
    }
  }

  #startFull(): void {
    // Members that came in one tick cannot be gone yet.
    if (this.#waitMs > 0 && this.#hasRoom) this.#dropGone();
    while (this.#members.length >= this.#options.size && this.#hasRoom) this.#start();
  }

  #startAll(): void {
    while (this.#members.length > 0 && this.#hasRoom) this.#start();
  }

  get #hasRoom(): boolean {
    return this.running < this.#options.concurrency();
  }

  #start(): void {
    const members = this.#members.slice(0, this.#options.size);
    this.#members = this.#members.slice(members.length);
    this.#batches.add(members);
    this.running += 1;
    for (const { context } of members) RunContext.begin(context);
    void this.#run(members);
  }

  /** Rejects members that were lost or given back while they waited: they are handled elsewhere. */
  #dropGone(): void {
    const [first] = this.#members;
    if (first !== undefined) RunContext.checkLeases(first.context);
    const gone = this.#members.filter(({ context }) => context.signal.aborted);
    if (gone.length === 0) return;
    this.#members = this.#members.filter((member) => !gone.includes(member));
    for (const { context, run } of gone) run.reject(context.signal.reason);
  }

  async #run(members: readonly Member[]): Promise<void> {
    try {
      const messages = members.map((member) => member.message);
      const results = await this.#handler(messages, new BatchContext(members));
      endEach(members, results);
    } catch (error) {
      for (const member of members) member.run.reject(error);
    }
    this.#free(members);
    this.startWaiting();
    this.#options.onEnd?.();
  }

  #free(members: readonly Member[]): void {
    if (this.#batches.delete(members)) this.running -= 1;
  }

  /** Call when a run that goes on has lost its permit: a batch without any takes no room. */
  freeStopped(): void {
    for (const members of this.#batches)
      if (!members.some(({ context }) => RunContext.hasPermit(context))) this.#free(members);
    this.startWaiting();
  }

  /** Call when no more messages will come: incomplete batches start without a wait from now on. */
  waitForNoMore(): void {
    this.#waitMs = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.startWaiting();
  }

  /** Call when there may be room for another batch. */
  startWaiting(): void {
    this.#dropGone();
    if (this.#timer === undefined) this.#startAll();
    else this.#startFull();
  }
}

function endEach(members: readonly Member[], results: unknown): void {
  if (results === undefined) {
    for (const member of members) member.run.resolve();
    return;
  }
  if (!Array.isArray(results) || results.length !== members.length) {
    const got = Array.isArray(results) ? `${results.length} results` : typeof results;
    throw new QueueError("INVALID_ARGUMENT", {
      what: `the batch handler returned ${got} for ${members.length} messages`,
      remedy: "Return nothing, or one PromiseSettledResult per message, in their order.",
    });
  }
  for (const [index, member] of members.entries()) endOne(member, results[index]);
}

function endOne(member: Member, result: unknown): void {
  const { status, reason } = asRecord(result);
  if (status === "fulfilled") {
    member.run.resolve();
  } else if (status === "rejected") {
    member.run.reject(reason);
  } else {
    member.run.reject(
      new QueueError("INVALID_ARGUMENT", {
        what: "a result of the batch handler is not a PromiseSettledResult",
      }),
    );
  }
}

/** The context of a batch handler; it acts on all deliveries of the batch. */
class BatchContext implements HandlerContext {
  readonly #members: readonly Member[];
  #controller: AbortController | undefined;

  constructor(members: readonly Member[]) {
    this.#members = members;
  }

  /** Aborts when all messages are gone: until then, the handler's work for the others still counts. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      const signals = this.#members.map((member) => member.context.signal);
      const check = (): void => {
        if (signals.every((signal) => signal.aborted)) controller.abort(signals[0]?.reason);
      };
      for (const signal of signals) signal.addEventListener("abort", check, { once: true });
      check();
    }
    return this.#controller.signal;
  }

  get attempt(): number {
    return Math.max(...this.#members.map((member) => member.context.attempt));
  }

  get isLastAttempt(): boolean {
    return this.#members.some((member) => member.context.isLastAttempt);
  }

  get deadline(): Date {
    const times = this.#members.map((member) => member.context.deadline?.getTime() ?? Infinity);
    return new Date(Math.min(...times));
  }

  get log(): Logger {
    const [first] = this.#members;
    if (first === undefined) throw new Error("a batch has at least one message");
    return first.context.log;
  }

  get extend(): (by: Duration) => Promise<void> {
    return async (by) => {
      await Promise.all(this.#members.map(async (member) => await member.context.extend(by)));
    };
  }
}
