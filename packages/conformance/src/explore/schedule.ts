import type { ErrorCode, Operation } from "@anyqueue/core/adapter";
import type { Fault } from "../fault-plan.ts";
import type { ConsumerMode } from "./pulling.ts";
import type { Redriving } from "./redriving.ts";
import { SeededChoice } from "./seeded-choice.ts";
import { dying, redriven, SPAN_MS, wider } from "./wide-schedule.ts";

/** What a handler does with one message. */
export interface Behaviour {
  /** Runs that fail before one succeeds; Infinity means that none does. */
  readonly failures: number;
  /** How a run fails: with an error, a `RetryError` or a `DeadLetterError`. */
  readonly failure: "throw" | "retry" | "dead-letter";
  /** How long one run takes, in milliseconds. */
  readonly takesMs: number;
  /** True: the first run never ends by itself. */
  readonly hangs: boolean;
  /** True: no consumer can decode the message. */
  readonly poison?: boolean;
  /** True: an application that pulls it leaves it alone the first time. */
  readonly isForgotten?: boolean;
  /** The handler first extends its lease to this time, in milliseconds. @default it does not */
  readonly extendMs?: number;
}

/** One message of a schedule. */
export interface PlannedMessage {
  /** Its application id. */
  readonly id: string;
  /** Time of sending, in milliseconds from the start. */
  readonly atMs: number;
  /** Its ordering key, if the queue is ordered. */
  readonly key: number;
  /** What its handler does. */
  readonly behaviour: Behaviour;
  /** Sent with this delay, in milliseconds. @default none */
  readonly delayMs?: number;
  /** Sent with this time to live, in milliseconds. @default none */
  readonly ttlMs?: number;
  /** True: sent once more with the same id when the first send has ended, where the service deduplicates. */
  readonly isSentAgain?: boolean;
}

/** Something that goes wrong or is done to a consumer at a point in time. */
export type Incident = { readonly atMs: number } & (
  | { readonly kind: "fault"; readonly fault: Fault }
  | { readonly kind: "lose-leases" }
  | { readonly kind: "stall"; readonly forMs: number }
  | { readonly kind: "jump"; readonly byMs: number }
  | { readonly kind: "pause"; readonly consumer: number; readonly forMs: number }
  /** The consumer is closed, and another replaces it; `withinMs` is the timeout, 20 s by default. */
  | { readonly kind: "restart"; readonly consumer: number; readonly withinMs?: number }
  /** Calls that get no answer for this long: held before they go out, or after they took effect. */
  | {
      readonly kind: "hold";
      readonly operation: Operation;
      readonly when: "before" | "after";
      readonly times: number;
      readonly forMs: number;
    }
  /** The process dies and another replaces it. */
  | { readonly kind: "kill"; readonly consumer: number }
  | { readonly kind: "kill-producer" }
  | { readonly kind: "concurrency"; readonly consumer: number; readonly to: number }
  /** Dead letters are moved back to the queue. */
  | ({ readonly kind: "redrive" } & Redriving)
  /** The producer is closed within a timeout, and another replaces it. */
  | { readonly kind: "restart-producer"; readonly withinMs: number }
  /** The broker does something wrong, at most for this long. */
  | { readonly kind: "broker-fault"; readonly fault: BrokerFault; readonly forMs: number }
);

/** A fault that only the broker understands. */
export interface BrokerFault {
  /** Its name in the history. */
  readonly name: string;
  /** What the broker is told. */
  readonly rule: object;
}

/** Features of a definition beside the order. */
export interface ExploredFeatures {
  /** What the provider must have. @default nothing */
  readonly needs?: readonly ("deduplication" | "delay" | "ttl")[];
  /** What anyqueue may emulate. @default nothing */
  readonly emulate?: readonly ("delay" | "ttl")[];
}

/** One seeded run: what is sent, what handlers do, and what goes wrong meanwhile. */
export interface Schedule {
  /** The number from which everything follows. */
  readonly seed: number;
  /** True: the queue keeps the order per key. */
  readonly ordered: boolean;
  /** Number of consumers. */
  readonly consumers: number;
  /** Concurrency of each consumer. */
  readonly concurrency: number;
  /** Handler runs that a message may have. */
  readonly attempts: number;
  /** Lease of a delivery, in milliseconds. */
  readonly leaseMs: number;
  /** In milliseconds; undefined means none. */
  readonly handlerTimeoutMs: number | undefined;
  /** Most messages of one call of the handler; absent: a handler gets a single message. */
  readonly batch?: number;
  /** How each consumer takes messages, by its place. @default "run" */
  readonly modes?: readonly ConsumerMode[];
  /** Most starts of handlers of each consumer in any span of `perMs` milliseconds. @default no limit */
  readonly rateLimit?: { readonly count: number; readonly perMs: number };
  /** Deliveries that each consumer holds ready. @default "auto" */
  readonly prefetch?: number | "auto";
  /** What the definition needs or emulates beside the order. @default nothing */
  readonly features?: ExploredFeatures;
  /** True: a producer that could not send resumes the key a second later. */
  readonly resumesKeys?: boolean;
  /** Every listener to the events of a client throws. */
  readonly listenerThrows: boolean;
  /**
   * Nothing goes wrong and no handler is slow, so each message is handed over this long after its time has come
   * at the latest, in milliseconds. @default unknown
   */
  readonly promptMs?: number;
  /** Messages to send, earliest first. */
  readonly messages: readonly PlannedMessage[];
  /** Incidents, earliest first. */
  readonly incidents: readonly Incident[];
}

const LEASE_MS = 4_000;

const CODES: readonly [ErrorCode, ...ErrorCode[]] = [
  "CONNECTION_LOST",
  "TIMEOUT",
  "THROTTLED",
  "UNAVAILABLE",
  "QUOTA_EXCEEDED",
];
const OPERATIONS: readonly [Operation, ...Operation[]] = [
  "send",
  "receive",
  "ack",
  "release",
  "extend",
  "deadLetter",
];

/** Errors that no retry of the engine can fix. */
const FATAL_CODES: readonly [ErrorCode, ...ErrorCode[]] = [
  "UNAUTHENTICATED",
  "ACCESS_DENIED",
  "NOT_FOUND",
  "INTERNAL",
];

/**
 * Seeds from here on draw from everything that can go wrong. Lower seeds draw from the original set, so that
 * their schedules never change.
 */
export const HARSH_FROM = 1_000_000;

/** Seeds from here on use more of what a definition and a consumer can ask for. */
export const WIDE_FROM = 2_000_000;

/** In the schedules of seeds from here on, dead letters are moved back as well. */
export const REDRIVEN_FROM = 3_000_000;

/** In those from here on, most processes that move dead letters back die in the middle. */
export const DYING_FROM = 4_000_000;

/** The queue in memory has every feature, and those that it does not show are emulated. */
const EVERYTHING: ExploredFeatures = { needs: ["deduplication"], emulate: ["delay", "ttl"] };

/** The same seed gives the same schedule forever: a failing seed becomes a fixture. */
export function scheduleOf(seed: number): Schedule {
  const choice = new SeededChoice(seed);
  const ordered = choice.chance(0.5);
  const consumers = choice.whole(1, 3);
  const attempts = choice.whole(1, 5);
  const handlerTimeoutMs = choice.chance(0.4) ? choice.whole(1_000, 8_000) : undefined;
  const shape = {
    seed,
    ordered,
    consumers,
    concurrency: choice.whole(1, 8),
    attempts,
    leaseMs: LEASE_MS,
    handlerTimeoutMs,
    listenerThrows: false,
  };
  const messages = Array.from({ length: choice.whole(1, 30) }, (_, index) =>
    messageOf(choice, index, handlerTimeoutMs !== undefined),
  );
  const incidents = Array.from({ length: choice.whole(0, 8) }, () => incidentOf(choice, consumers));
  const planned = {
    ...shape,
    messages: messages.toSorted((a, b) => a.atMs - b.atMs),
    incidents: incidents.toSorted((a, b) => a.atMs - b.atMs),
  };
  if (seed < HARSH_FROM) return planned;
  const harsh = harsher(planned, choice);
  if (seed < WIDE_FROM) return harsh;
  return widest(wider(harsh, choice, EVERYTHING), choice);
}

/** Of a wide schedule, what the range of its seed adds to it. */
export function widest(wide: Schedule, choice: SeededChoice): Schedule {
  if (wide.seed < REDRIVEN_FROM) return wide;
  const moving = redriven(wide, choice);
  return wide.seed < DYING_FROM ? moving : dying(moving, choice);
}

/** The same schedule with more incidents: mostly, at least two overlap. */
function harsher(schedule: Schedule, choice: SeededChoice): Schedule {
  const more = Array.from({ length: choice.whole(1, 6) }, () => harshIncidentOf(choice, schedule.consumers));
  const messages = schedule.messages.map(({ behaviour, ...message }) => ({
    ...message,
    behaviour: { ...behaviour, poison: choice.chance(0.05) },
  }));
  return {
    ...schedule,
    messages,
    incidents: [...schedule.incidents, ...more].toSorted((a, b) => a.atMs - b.atMs),
    listenerThrows: choice.chance(0.2),
  };
}

function harshIncidentOf(choice: SeededChoice, consumers: number): Incident {
  const atMs = choice.whole(0, SPAN_MS);
  const dice = choice.next();
  if (dice < 0.3) return { atMs, kind: "fault", fault: { ...faultOf(choice), code: choice.of(FATAL_CODES) } };
  if (dice < 0.6) return { atMs, ...holdOf(choice) };
  if (dice < 0.85) return { atMs, kind: "kill", consumer: choice.whole(0, consumers - 1) };
  return { atMs, kind: "kill-producer" };
}

/** One late answer, or a network that accepts everything and returns nothing. */
function holdOf(choice: SeededChoice): Omit<Extract<Incident, { kind: "hold" }>, "atMs"> {
  const operation = choice.of(OPERATIONS);
  return {
    kind: "hold",
    operation,
    // Judging late answers that contain deliveries would need a clock of the service.
    when: operation === "receive" || choice.chance(0.5) ? "before" : "after",
    times: choice.chance(0.5) ? choice.whole(1, 3) : 1_000,
    forMs: choice.whole(100, 5 * LEASE_MS),
  };
}

/** A message with a time, a key and a behaviour. */
export function messageOf(choice: SeededChoice, index: number, mayHang: boolean): PlannedMessage {
  const failures = choice.chance(0.6)
    ? 0
    : choice.chance(0.2)
      ? Number.POSITIVE_INFINITY
      : choice.whole(1, 4);
  return {
    id: `m-${index}`,
    atMs: choice.whole(0, SPAN_MS),
    key: choice.whole(0, 3),
    behaviour: {
      failures,
      failure: choice.chance(0.7) ? "throw" : choice.of(["retry", "dead-letter"]),
      takesMs: choice.chance(0.2) ? choice.whole(3_000, 15_000) : choice.whole(0, 200),
      hangs: mayHang && choice.chance(0.1),
    },
  };
}

function incidentOf(choice: SeededChoice, consumers: number): Incident {
  const atMs = choice.whole(0, SPAN_MS);
  const consumer = choice.whole(0, consumers - 1);
  const dice = choice.next();
  if (dice < 0.55) return { atMs, kind: "fault", fault: faultOf(choice) };
  if (dice < 0.65) return { atMs, kind: "lose-leases" };
  if (dice < 0.73) return { atMs, kind: "stall", forMs: choice.whole(500, 3 * LEASE_MS) };
  if (dice < 0.78) return { atMs, kind: "jump", byMs: choice.of([-3_600_000, 3_600_000]) };
  if (dice < 0.86) return { atMs, kind: "pause", consumer, forMs: choice.whole(100, 10_000) };
  if (dice < 0.93) return { atMs, kind: "restart", consumer };
  return { atMs, kind: "concurrency", consumer, to: choice.whole(1, 8) };
}

function faultOf(choice: SeededChoice): Fault {
  const operation = choice.of(OPERATIONS);
  const isPartial = operation !== "receive" && choice.chance(0.3);
  return {
    operation,
    code: choice.of(CODES),
    when: operation === "receive" || choice.chance(0.5) ? "before" : "after",
    times: choice.whole(1, 4),
    ...(isPartial ? { items: [choice.whole(0, 1)] } : {}),
  };
}
