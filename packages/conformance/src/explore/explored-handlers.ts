import {
  DeadLetterError,
  RetryError,
  type HandlerContext,
  type Message,
  type QueueConsumer,
} from "@anyqueue/core";
import type { VirtualClock } from "@anyqueue/core/testing";
import type { HistoryRecorder } from "../history/history-recorder.ts";
import type { ExploredBody } from "./explored-queue.ts";
import { passTime } from "./pass-time.ts";
import { pull, type ConsumerMode } from "./pulling.ts";
import type { Behaviour, Schedule } from "./schedule.ts";

/** Longer than any run: the handler never ends by itself. */
const ENDLESS_MS = 3_600_000;
const BATCH_WAIT = "100ms";
/** How long an application has a message that it does not settle. */
const FORGOTTEN_MS = 6_000;
const PAUSE_MS = 500;

/** The handlers of all consumers of a schedule. They know how often each message has run. */
export class ExploredHandlers {
  readonly #clock: VirtualClock;
  readonly #batch: number | undefined;
  readonly #behaviours: ReadonlyMap<string, Behaviour>;
  readonly #runs = new Map<string, number>();
  /** Messages that an application pulled and left alone. */
  readonly #forgotten = new Set<string>();

  constructor({ messages, batch }: Schedule, clock: VirtualClock) {
    this.#clock = clock;
    this.#batch = batch;
    this.#behaviours = new Map(messages.map(({ id, behaviour }) => [id, behaviour]));
  }

  /** Runs until the consumer closes. */
  async run(consumer: QueueConsumer<ExploredBody>, recorder: HistoryRecorder): Promise<void> {
    const handle = this.#handler();
    if (this.#batch === undefined) {
      await consumer.run(recorder.handler(handle));
      return;
    }
    await consumer.runBatch(
      async (messages, context) => {
        const runs = messages.map(async (message) => await handle(message, context));
        const all = Promise.allSettled(runs);
        // The runs of a batch end together: until then, its time may run out for all of them.
        const recorded = messages.map(async (message, place) => {
          const run = recorder.handler(async () => {
            await all;
            await runs[place];
          });
          await run(message, context);
        });
        return await Promise.allSettled(recorded);
      },
      { size: this.#batch, wait: BATCH_WAIT },
    );
  }

  /** Pulls until the consumer closes. */
  async pull(
    mode: Exclude<ConsumerMode, "run">,
    consumer: QueueConsumer<ExploredBody>,
    recorder: HistoryRecorder,
    ended: AbortSignal,
  ): Promise<void> {
    const handle = recorder.handler(this.#handler());
    await pull({
      mode,
      consumer,
      ended,
      pause: async () => await passTime(this.#clock, PAUSE_MS, ended),
      handle: async (message) => {
        const { id, signal } = message;
        if (this.#behaviours.get(id)?.isForgotten === true && !this.#forgotten.has(id)) {
          this.#forgotten.add(id);
          await passTime(this.#clock, FORGOTTEN_MS, signal);
          return false;
        }
        await handle(message, message);
        return true;
      },
    });
  }

  #handler(): (message: Message<ExploredBody>, context: HandlerContext) => Promise<void> {
    return async ({ id }, context) => {
      const { signal } = context;
      const run = (this.#runs.get(id) ?? 0) + 1;
      this.#runs.set(id, run);
      const behaviour = this.#behaviours.get(id);
      if (behaviour === undefined) return;
      // Whatever becomes of it: the lease is renewed anyway.
      if (behaviour.extendMs !== undefined)
        await context.extend(`${behaviour.extendMs}ms`).catch(() => undefined);
      await passTime(this.#clock, behaviour.hangs && run === 1 ? ENDLESS_MS : behaviour.takesMs, signal);
      if (run > behaviour.failures) return;
      if (behaviour.failure === "dead-letter") throw new DeadLetterError("the explorer gives it up");
      if (behaviour.failure === "retry") throw new RetryError({ delay: "2s" });
      throw new Error("the explorer lets it fail");
    };
  }
}
