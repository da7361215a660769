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
import type { Behaviour, Schedule } from "./schedule.ts";

/** Longer than any run: the handler never ends by itself. */
const ENDLESS_MS = 3_600_000;
const BATCH_WAIT = "100ms";

/** The handlers of all consumers of a schedule. They know how often each message has run. */
export class ExploredHandlers {
  readonly #clock: VirtualClock;
  readonly #batch: number | undefined;
  readonly #behaviours: ReadonlyMap<string, Behaviour>;
  readonly #runs = new Map<string, number>();

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

  #handler(): (message: Message<ExploredBody>, context: HandlerContext) => Promise<void> {
    return async ({ id }, { signal }) => {
      const run = (this.#runs.get(id) ?? 0) + 1;
      this.#runs.set(id, run);
      const behaviour = this.#behaviours.get(id);
      if (behaviour === undefined) return;
      await passTime(this.#clock, behaviour.hangs && run === 1 ? ENDLESS_MS : behaviour.takesMs, signal);
      if (run > behaviour.failures) return;
      if (behaviour.failure === "dead-letter") throw new DeadLetterError("the explorer gives it up");
      if (behaviour.failure === "retry") throw new RetryError({ delay: "2s" });
      throw new Error("the explorer lets it fail");
    };
  }
}
