import type { QueueError } from "../errors/queue-error.ts";

/**
 * Every event, by name. A client gives them to its `listener`, and publishes each on the diagnostics channel
 * `anyqueue:<name>` of Node.js. In all of them `target` is the name of the queue or subscription
 * (`"sqs://eu-west-1/orders"`, `"event:orders"` in a function whose queue is not known), `id` that of the message, and
 * times are in milliseconds. None has bodies or secrets.
 */
export interface QueueEvents {
  /** One request with sends ended: `count` messages, of which `failed` failed for now or for good. */
  readonly send: {
    readonly target: string;
    readonly count: number;
    readonly failed: number;
    readonly durationMs: number;
  };
  /** `count` sends failed and are tried again after `delayMs`; `attempt` tries of the first of them have failed so far. */
  readonly "send-retry": {
    readonly target: string;
    readonly count: number;
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: QueueError;
  };
  /** One request for messages was answered: with `count` of them, which may be none. */
  readonly receive: { readonly target: string; readonly count: number; readonly durationMs: number };
  /** A consumer could not start or receive, and tries again after `delayMs`; `failures` in a row so far. */
  readonly "receive-error": {
    readonly target: string;
    readonly error: QueueError;
    readonly failures: number;
    readonly delayMs: number;
  };
  /**
   * A run of a handler ended after `durationMs`, and the engine decided on `outcome`. `error` is what the handler threw,
   * or why it was stopped.
   */
  readonly handled: {
    readonly target: string;
    readonly id: string;
    readonly attempt: number;
    readonly outcome: "ack" | "release" | "dead-letter";
    readonly durationMs: number;
    readonly error?: unknown;
  };
  /** A message was given up or could not be decoded, and is in the dead letters now. */
  readonly "dead-lettered": {
    readonly target: string;
    readonly id: string;
    readonly reason: string;
    readonly attempt: number;
  };
  /** A message that should go to the dead letters could not: it stays in its queue and comes again. */
  readonly "dead-letter-failed": { readonly target: string; readonly id: string; readonly error: QueueError };
  /** A lease was lost: the signal of its handler was aborted, and the message is delivered again. */
  readonly "lease-lost": { readonly target: string; readonly id: string; readonly error: QueueError };
  /** A handler ended after its lease or its time-out: what it returned or threw was ignored. */
  readonly "late-result": {
    readonly target: string;
    readonly id: string;
    readonly result: "returned" | "threw";
  };
  /** The service did not take a settlement, after retries: the message comes again when its lease ends. */
  readonly "settle-failed": {
    readonly target: string;
    readonly id: string;
    readonly kind: "ack" | "release" | "dead-letter";
    readonly error: QueueError;
  };
  /**
   * A message came again that was handled already, because its ack failed or may have had no effect: it was acked once
   * more, and its handler did not run.
   */
  readonly "redelivery-acked": { readonly target: string; readonly id: string };
  /** A call of a function was answered with a refusal: it was forged, no event of its source, or one too many at once. */
  readonly "event-refused": { readonly target: string; readonly error: unknown };
  /** A message whose `ttl` was over was dropped by the consumer, where anyqueue emulates ttl. */
  readonly expired: { readonly target: string; readonly id: string };
  /** A feature is emulated because the provider lacks it; told once for each producer or consumer. */
  readonly emulated: { readonly target: string; readonly feature: string };
  /** Something that could not be checked, or is worth a look; `text` is one sentence for people. */
  readonly notice: { readonly target: string; readonly text: string };
  /** A consumer began, paused, went on, began to drain, or has ended. */
  readonly state: {
    readonly target: string;
    readonly state: "started" | "paused" | "resumed" | "draining" | "closed";
  };
  /** A listener or hook of the application threw or rejected; `event` is the event or option that it was called for. */
  readonly "listener-error": { readonly event: string; readonly error: unknown };
}

/** The name of an event. */
export type EventName = keyof QueueEvents;

/** Complete, as the compiler checks. */
const NAMES: Readonly<Record<EventName, true>> = {
  send: true,
  "send-retry": true,
  receive: true,
  "receive-error": true,
  handled: true,
  "dead-lettered": true,
  "dead-letter-failed": true,
  "lease-lost": true,
  "late-result": true,
  "settle-failed": true,
  "redelivery-acked": true,
  "event-refused": true,
  expired: true,
  emulated: true,
  notice: true,
  state: true,
  "listener-error": true,
};

/** The name of every event. */
export const EVENT_NAMES: readonly string[] = Object.freeze(Object.keys(NAMES));

/**
 * A function for each event that is of interest, by name; called synchronously, in the order in which things happen.
 *
 * @example
 * const listener: EventListener = {
 *   handled: ({ target, outcome, durationMs }) => histogram.record(durationMs, { target, outcome }),
 *   "dead-lettered": ({ id, reason }) => console.warn(id, reason),
 * };
 */
export type EventListener = {
  readonly [Name in EventName]?: ((event: QueueEvents[Name]) => void) | undefined;
};

/** Where the engine reports to; never throws. */
export interface EventSink {
  emit<Name extends EventName>(name: Name, event: QueueEvents[Name]): void;
  /**
   * False: nobody listens to what goes well, building that event can be saved. A logger takes what fails, and does not
   * count.
   */
  isActive(name: EventName): boolean;
}
