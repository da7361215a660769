import type { ErrorCode, Operation } from "@anyqueue/core/adapter";
import type { Fault } from "../fault-plan.ts";
import { SeededChoice } from "./seeded-choice.ts";

/** What a handler does with one message. */
export interface Behaviour {
  /** Runs that fail before one succeeds; Infinity: none ever does. */
  readonly failures: number;
  readonly failure: "throw" | "retry" | "dead-letter";
  /** How long one run takes, milliseconds. */
  readonly takesMs: number;
  /** True: the first run never ends by itself. */
  readonly hangs: boolean;
}

/** One message of a schedule. */
export interface PlannedMessage {
  readonly id: string;
  readonly atMs: number;
  readonly key: number;
  readonly behaviour: Behaviour;
}

/** What goes wrong, or is done to a consumer, at a moment. */
export type Incident = { readonly atMs: number } & (
  | { readonly kind: "fault"; readonly fault: Fault }
  | { readonly kind: "lose-leases" }
  | { readonly kind: "stall"; readonly forMs: number }
  | { readonly kind: "jump"; readonly byMs: number }
  | { readonly kind: "pause"; readonly consumer: number; readonly forMs: number }
  | { readonly kind: "restart"; readonly consumer: number }
  | { readonly kind: "concurrency"; readonly consumer: number; readonly to: number }
);

/** One seeded run: what is sent, what handlers do, and what goes wrong meanwhile. */
export interface Schedule {
  readonly seed: number;
  readonly ordered: boolean;
  readonly consumers: number;
  readonly concurrency: number;
  readonly attempts: number;
  readonly leaseMs: number;
  readonly handlerTimeoutMs: number | undefined;
  readonly messages: readonly PlannedMessage[];
  readonly incidents: readonly Incident[];
}

const SPAN_MS = 30_000;
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

/** The same seed gives the same schedule, for ever: a failing one becomes a fixture. */
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
  };
  const messages = Array.from({ length: choice.whole(1, 30) }, (_, index) =>
    messageOf(choice, index, handlerTimeoutMs !== undefined),
  );
  const incidents = Array.from({ length: choice.whole(0, 8) }, () => incidentOf(choice, consumers));
  return {
    ...shape,
    messages: messages.toSorted((a, b) => a.atMs - b.atMs),
    incidents: incidents.toSorted((a, b) => a.atMs - b.atMs),
  };
}

function messageOf(choice: SeededChoice, index: number, mayHang: boolean): PlannedMessage {
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
