import type { Capabilities } from "./capabilities.ts";
import type { Delivery } from "./delivery.ts";
import type { ConsumerDriver, QueueAdapter } from "./driver.ts";
import type { Target } from "./entity.ts";

/** The engine's decision about one delivery: ack it, release it, or move it to the dead letters. */
export type Outcome =
  | { readonly kind: "ack" }
  | {
      readonly kind: "release";
      /** Time until it should be delivered again, in milliseconds. */
      readonly delayMs: number;
      /** `retry`: its handler failed; `unstarted`: no handler began, and the attempt should not count. */
      readonly cause: "retry" | "unstarted";
      /** What the handler threw. */
      readonly error?: unknown;
    }
  | {
      readonly kind: "dead-letter";
      /** Why, in one word or sentence. */
      readonly reason: string;
      /** Name and message of the error that caused it. */
      readonly description?: string;
      /** The core's `aq-` attributes of the dead letter. */
      readonly attributes: Readonly<Record<string, string>>;
    };

/**
 * Reads the call of a function platform (Lambda, Azure Functions, HTTP push) and builds its answer: one call
 * brings one batch. Returned by `sqsEvents()`, `functionsEvents()` and `pushRequests()`, for `createHandler`.
 * `Args` are the arguments of the platform's call, `Reply` is the answer that it expects.
 */
export interface EventSource<Args extends readonly unknown[], Reply, Handle = unknown> {
  /**
   * Makes deliveries from the platform's call. If it throws, no handler runs, and the platform delivers
   * again.
   * @throws INVALID_ARGUMENT for an event of another kind
   */
  receive(...args: Args): EventBatch<Handle> | Promise<EventBatch<Handle>>;
  /**
   * Builds the answer to the platform. `outcomes[i]` is the outcome of `batch.deliveries[i]` after `settle`:
   * a dead letter that could not be moved is a release. If it throws, nothing counts as settled and the
   * platform redelivers the whole batch.
   */
  reply(outcomes: readonly Outcome[], batch: EventBatch<Handle>, ...args: Args): Reply | Promise<Reply>;
  /**
   * For platforms that expect an answer instead of an exception (HTTP): answers a call whose `receive` threw
   * or whose batch the engine refused. Called after that was reported; no message was handled.
   * @default the call rejects
   */
  refuse?(error: unknown, batch: EventBatch<Handle> | undefined, ...args: Args): Reply | Promise<Reply>;
}

/** The content of one event: deliveries, the time for them, and ways to settle them. */
export interface EventBatch<Handle = unknown> {
  /** In the order of the event, and in order within each ordering key. No object occurs twice. */
  readonly deliveries: readonly Delivery<Handle>[];
  /** Returns the milliseconds left until the platform ends this call. @default it does not end it */
  readonly remainingMs?: () => number;
  /**
   * Operations on single deliveries before the reply; an absent one is left to the reply. `extendBatch`:
   * leases can be extended on request. `deadLetterBatch`: messages can be dead-lettered at once, else they
   * stay in their queue until its own policy moves them.
   */
  readonly settle?: Partial<
    Pick<ConsumerDriver<Handle>, "ackBatch" | "releaseBatch" | "deadLetterBatch" | "extendBatch">
  >;
  /** The target that they come from. @default a target named after the definition, in order by key */
  readonly target?: Target;
  /**
   * True if the platform was already told that this message is done, and delivers it again because the answer
   * was lost. It is acked without a handler. @default none is
   */
  readonly wasSettled?: (providerId: string) => boolean;
  /** Classifies errors of `settle`, and names the provider in them. @default every failure is `INTERNAL` */
  readonly adapter?: Pick<QueueAdapter, "name" | "classify">;
  /**
   * How long the platform itself can delay a released message. `none`: it redelivers at once but keeps the
   * lease during the call, so that the engine waits within the call as a worker does, a minute at most.
   * @default any length
   */
  readonly releaseDelay?: Capabilities["releaseDelay"];
  /**
   * What this platform cannot do, one sentence each. The event `notice` reports them once per function.
   * @default none
   */
  readonly notices?: readonly string[];
  /** What is not started after a failure: later messages of its key, or of the batch. @default "key" */
  readonly failureScope?: "key" | "batch";
}
