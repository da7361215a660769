import type { Delivery } from "./delivery.ts";
import type { ConsumerDriver } from "./driver.ts";

/** What the engine decided for one delivery. */
export type Outcome =
  | { readonly kind: "ack" }
  | {
      readonly kind: "release";
      readonly delayMs: number;
      readonly cause: "retry" | "unstarted";
      readonly error?: unknown;
    }
  | {
      readonly kind: "dead-letter";
      readonly reason: string;
      readonly description?: string;
      readonly attributes: Readonly<Record<string, string>>;
    };

/** Push-shaped sources (Lambda, Functions, HTTP push). `receive` may throw: the platform redelivers. */
export interface EventSource<Args extends readonly unknown[], Reply, Handle = unknown> {
  receive(...args: Args): EventBatch<Handle> | Promise<EventBatch<Handle>>;
  reply(outcomes: readonly Outcome[], batch: EventBatch<Handle>, ...args: Args): Reply | Promise<Reply>;
}

/** What one event brought: deliveries, the time left, and ways to settle them. */
export interface EventBatch<Handle = unknown> {
  readonly deliveries: readonly Delivery<Handle>[];
  readonly remainingMs?: () => number;
  readonly settle?: Partial<
    Pick<ConsumerDriver<Handle>, "ackBatch" | "releaseBatch" | "deadLetterBatch" | "extendBatch">
  >;
}
