import type { QueueError } from "../errors/queue-error.ts";

/** Every event, by name. Each is published on the diagnostics channel `anyqueue:<name>` and to listeners. */
export interface QueueEvents {
  /** One send request ended. */
  readonly send: {
    readonly target: string;
    readonly count: number;
    readonly failed: number;
    readonly durationMs: number;
  };
  /** A send is tried again. */
  readonly "send-retry": {
    readonly target: string;
    readonly count: number;
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: QueueError;
  };
  /** One ask of a consumer ended. */
  readonly receive: { readonly target: string; readonly count: number; readonly durationMs: number };
  /** An ask failed and is made again after `delayMs`; `failures` in a row so far. */
  readonly "receive-error": {
    readonly target: string;
    readonly error: QueueError;
    readonly failures: number;
    readonly delayMs: number;
  };
  /** A handler ended. */
  readonly handled: {
    readonly target: string;
    readonly id: string;
    readonly attempt: number;
    readonly outcome: "ack" | "release" | "dead-letter";
    readonly durationMs: number;
    readonly error?: unknown;
  };
  /** A message was given up or could not be decoded and went to the dead letters. */
  readonly "dead-lettered": {
    readonly target: string;
    readonly id: string;
    readonly reason: string;
    readonly attempt: number;
  };
  /** A message that should go to the dead letters could not; it stays in its queue. */
  readonly "dead-letter-failed": { readonly target: string; readonly id: string; readonly error: QueueError };
  /** A delivery is no longer ours: its handler's signal was aborted, it comes again. */
  readonly "lease-lost": { readonly target: string; readonly id: string; readonly error: QueueError };
  /** A handler ended after its lease or its timeout; its result was ignored. */
  readonly "late-result": {
    readonly target: string;
    readonly id: string;
    readonly result: "returned" | "threw";
  };
  /** A settlement was given up; the message comes again when its lease ends. */
  readonly "settle-failed": {
    readonly target: string;
    readonly id: string;
    readonly kind: "ack" | "release" | "dead-letter";
    readonly error: QueueError;
  };
  /** A redelivery of a message that was handled and whose ack failed, or may have had no effect: acked without its handler. */
  readonly "redelivery-acked": { readonly target: string; readonly id: string };
  /** A call of a function's platform was answered with a refusal: forged, no event of its source, or too much at once. */
  readonly "event-refused": { readonly target: string; readonly error: unknown };
  /** An expired message was dropped by the ttl emulation. */
  readonly expired: { readonly target: string; readonly id: string };
  /** A feature is emulated by the core; once per producer or consumer. */
  readonly emulated: { readonly target: string; readonly feature: string };
  /** Something that could not be checked or is worth a look; `text` is a sentence. */
  readonly notice: { readonly target: string; readonly text: string };
  /** A consumer began, stopped for a while, or ends. */
  readonly state: {
    readonly target: string;
    readonly state: "started" | "paused" | "resumed" | "draining" | "closed";
  };
  /** A listener or hook of the application threw. */
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

/** Any subset of the events; what it throws is contained and reported as `listener-error`. */
export type EventListener = {
  readonly [Name in EventName]?: ((event: QueueEvents[Name]) => void) | undefined;
};

/** Where the engine reports to; never throws. */
export interface EventSink {
  emit<Name extends EventName>(name: Name, event: QueueEvents[Name]): void;
  /** False: nobody listens to what goes well, building that event can be saved. A logger takes what fails, and does not count. */
  isActive(name: EventName): boolean;
}
