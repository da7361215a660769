import type { QueueError } from "../errors/queue-error.ts";

/**
 * Every event, by name. A client passes them to its `listener`, and publishes each on the diagnostics channel
 * `anyqueue:<name>` of Node.js. In all of them, `target` is the name of the queue or subscription
 * (`"sqs://eu-west-1/orders"`, `"event:orders"` in a function whose queue is not known), `id` is that of the
 * message, and times are in milliseconds. None contains bodies or secrets.
 */
export interface QueueEvents {
  /** A request with sends has ended: of its `count` messages, `failed` failed for now or for good. */
  readonly send: {
    readonly target: string;
    readonly count: number;
    readonly failed: number;
    readonly durationMs: number;
  };
  /** `count` sends failed and are tried again after `delayMs`. The first has failed `attempt` times. */
  readonly "send-retry": {
    readonly target: string;
    readonly count: number;
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: QueueError;
  };
  /** A request for messages was answered with `count` of them, which may be none. */
  readonly receive: { readonly target: string; readonly count: number; readonly durationMs: number };
  /** A consumer could not start or receive, `failures` times in a row. It tries again after `delayMs`. */
  readonly "receive-error": {
    readonly target: string;
    readonly error: QueueError;
    readonly failures: number;
    readonly delayMs: number;
  };
  /**
   * A run of a handler ended after `durationMs`, and the engine decided on `outcome`. `error` is what the
   * handler threw, or why it was stopped.
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
   * A message that was already handled came again, because its ack failed or may have had no effect. It was
   * acked once more, and its handler did not run.
   */
  readonly "redelivery-acked": { readonly target: string; readonly id: string };
  /** A call of a function was refused: it was forged, no event of its source, or one too many at once. */
  readonly "event-refused": { readonly target: string; readonly error: unknown };
  /** The consumer dropped a message whose `ttl` was over, where anyqueue emulates ttl. */
  readonly expired: { readonly target: string; readonly id: string };
  /** A feature is emulated because the provider lacks it. Emitted once per producer or consumer. */
  readonly emulated: { readonly target: string; readonly feature: string };
  /** Something could not be checked, or is worth a look. `text` is one sentence for people. */
  readonly notice: { readonly target: string; readonly text: string };
  /** A consumer started, paused, resumed, began to drain, or has ended. */
  readonly state: {
    readonly target: string;
    readonly state: "started" | "paused" | "resumed" | "draining" | "closed";
  };
  /** A listener or hook of the application threw or rejected. `event` is the event or option it was for. */
  readonly "listener-error": { readonly event: string; readonly error: unknown };
}

/** The name of an event. */
export type EventName = keyof QueueEvents;

/** The compiler checks that this is complete. */
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
 * Functions for the events of interest, by name. They are called synchronously, in the order of events.
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

/** Receives the events of the engine. Never throws. */
export interface EventSink {
  emit<Name extends EventName>(name: Name, event: QueueEvents[Name]): void;
  /**
   * False: nobody listens to what goes well, so that event need not be built. A logger does not count: it
   * takes what fails.
   */
  isActive(name: EventName): boolean;
}
