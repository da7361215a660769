import type { Capabilities } from "./capabilities.ts";
import type { Delivery } from "./delivery.ts";
import type { ConsumerDriver, QueueAdapter } from "./driver.ts";
import type { Target } from "./entity.ts";

/** What the engine decided for one delivery: it is done, it goes back, or it goes to the dead letters. */
export type Outcome =
  | { readonly kind: "ack" }
  | {
      readonly kind: "release";
      /** How long until it is to come again, in milliseconds. */
      readonly delayMs: number;
      /** `retry`: its handler failed; `unstarted`: none began, and the attempt should not count. */
      readonly cause: "retry" | "unstarted";
      /** What the handler threw. */
      readonly error?: unknown;
    }
  | {
      readonly kind: "dead-letter";
      /** Why, in one word or sentence. */
      readonly reason: string;
      /** Name and text of the error behind it. */
      readonly description?: string;
      /** The core's `aq-` attributes of the dead letter. */
      readonly attributes: Readonly<Record<string, string>>;
    };

/**
 * How a platform brings messages and is answered (Lambda, Azure Functions, HTTP push): one call brings a batch and takes
 * an answer. What `sqsEvents()`, `functionsEvents()` and `pushRequests()` return, for `createHandler`. `Args` is what the
 * platform calls the function with, `Reply` what it takes as its answer.
 */
export interface EventSource<Args extends readonly unknown[], Reply, Handle = unknown> {
  /**
   * Makes deliveries of what the platform brought. If it throws, no handler runs, and the platform delivers again.
   * @throws INVALID_ARGUMENT for an event of another kind
   */
  receive(...args: Args): EventBatch<Handle> | Promise<EventBatch<Handle>>;
  /**
   * Tells the platform. `outcomes[i]` is what holds for `batch.deliveries[i]` after `settle`: a dead letter that could
   * not be moved is a release. If it throws, nothing counts as settled and the platform redelivers the whole batch.
   */
  reply(outcomes: readonly Outcome[], batch: EventBatch<Handle>, ...args: Args): Reply | Promise<Reply>;
  /**
   * For platforms that take an answer instead of an exception (HTTP): answers a call whose `receive` threw or whose
   * batch the engine refused, after that was reported. Nothing of it was handled. @default the call rejects
   */
  refuse?(error: unknown, batch: EventBatch<Handle> | undefined, ...args: Args): Reply | Promise<Reply>;
}

/** What one event brought: deliveries, the time for them, and ways to settle them. */
export interface EventBatch<Handle = unknown> {
  /** In the order of the event; followers of one ordering key after their predecessor. Each object once. */
  readonly deliveries: readonly Delivery<Handle>[];
  /** How many milliseconds are left until the platform ends this call. @default it does not end it */
  readonly remainingMs?: () => number;
  /**
   * What can be done to one delivery before the reply; what is absent is left to the reply.
   * `extendBatch`: leases can be lengthened on request. `deadLetterBatch`: messages can be dead-lettered at once,
   * else they stay in their queue until its own policy moves them.
   */
  readonly settle?: Partial<
    Pick<ConsumerDriver<Handle>, "ackBatch" | "releaseBatch" | "deadLetterBatch" | "extendBatch">
  >;
  /** Where they come from. @default a target named after the definition, in order by key */
  readonly target?: Target;
  /**
   * True: the platform was told already that this one is done, and brings it again because it did not hear that. It is
   * acked without a handler. @default none is
   */
  readonly wasSettled?: (providerId: string) => boolean;
  /** Names the provider in errors of `settle` and reads them. @default every failure is `INTERNAL` */
  readonly adapter?: Pick<QueueAdapter, "name" | "classify">;
  /**
   * How long the platform itself can wait before it hands a released message over again. `none`: it does so at once, and
   * keeps the lease meanwhile, so that the call goes on and waits as a worker does, a minute at most. @default any length
   */
  readonly releaseDelay?: Capabilities["releaseDelay"];
  /** What this platform cannot do, one sentence each: told once for each function, as the event `notice`. @default none */
  readonly notices?: readonly string[];
  /** What is not started any more after a failure: later messages of its key, or everything. @default "key" */
  readonly failureScope?: "key" | "batch";
}
