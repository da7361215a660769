import { messageOf, SPAN_MS, type BrokerFault, type Incident, type PlannedMessage } from "./schedule.ts";
import type { Schedule } from "./schedule.ts";
import { SeededChoice } from "./seeded-choice.ts";

/** What a schedule needs to know of a service. */
export interface ServiceSettings {
  /** True: the queue keeps the order per key. */
  readonly ordered: boolean;
  /** Lease of a delivery, in milliseconds. */
  readonly leaseMs: number;
  /** Draws something that the service does wrong. */
  faultOf(choice: SeededChoice): BrokerFault;
}

/** The most that each service allows, so that it gives up nothing itself. */
const ATTEMPTS = 100;
const KEYS = 3;
const CLOSE_WITHIN_MS: readonly [number, ...number[]] = [0, 500, 3_000, 25_000];
const LONGEST_STALL_MS = 4_000;

/** The schedule of a seed for an emulated service: bursts of messages, and faults of the service itself. */
export function serviceScheduleOf(seed: number, settings: ServiceSettings): Schedule {
  const choice = new SeededChoice(seed);
  const consumers = choice.whole(1, 2);
  const handlerTimeoutMs = choice.chance(0.3) ? choice.whole(1_000, 20_000) : undefined;
  return {
    seed,
    ordered: settings.ordered,
    consumers,
    concurrency: choice.whole(1, 6),
    attempts: ATTEMPTS,
    leaseMs: settings.leaseMs,
    handlerTimeoutMs,
    listenerThrows: false,
    messages: burstsOf(choice, handlerTimeoutMs),
    incidents: Array.from({ length: choice.whole(2, 16) }, () =>
      incidentOf(choice, consumers, settings),
    ).toSorted((a, b) => a.atMs - b.atMs),
  };
}

/** Messages that are sent together travel together, which is where an order can break. */
function burstsOf(choice: SeededChoice, timeoutMs: number | undefined): readonly PlannedMessage[] {
  const times = Array.from({ length: choice.whole(2, 12) }, () => choice.whole(0, SPAN_MS));
  const sentAt = times.flatMap((atMs) => Array.from({ length: choice.whole(1, 8) }, () => atMs));
  return sentAt
    .toSorted((a, b) => a - b)
    .map((atMs, index) => {
      const { id, behaviour } = messageOf(choice, index, timeoutMs !== undefined);
      const isHopeless = behaviour.failures === Number.POSITIVE_INFINITY;
      // Only what hangs times out, and that once: a hundred runs would be one run a hundred times.
      const takesMs = Math.min(behaviour.takesMs, (timeoutMs ?? Number.POSITIVE_INFINITY) / 2);
      const fate = isHopeless ? ({ failures: 1, failure: "dead-letter" } as const) : {};
      return {
        id,
        atMs,
        key: choice.whole(0, KEYS - 1),
        behaviour: { ...behaviour, takesMs, ...fate },
      };
    });
}

function incidentOf(choice: SeededChoice, consumers: number, { faultOf }: ServiceSettings): Incident {
  const atMs = choice.whole(0, SPAN_MS);
  const consumer = choice.whole(0, consumers - 1);
  const dice = choice.next();
  if (dice < 0.5) {
    const fault = faultOf(choice);
    return {
      atMs,
      kind: "broker-fault",
      fault,
      forMs: choice.chance(0.5) ? choice.whole(1_000, 15_000) : SPAN_MS,
    };
  }
  if (dice < 0.6) return { atMs, kind: "pause", consumer, forMs: choice.whole(50, 15_000) };
  if (dice < 0.7) return { atMs, kind: "concurrency", consumer, to: choice.whole(1, 8) };
  if (dice < 0.88) return { atMs, kind: "restart", consumer, withinMs: choice.of(CLOSE_WITHIN_MS) };
  if (dice < 0.94) return { atMs, kind: "restart-producer", withinMs: choice.of(CLOSE_WITHIN_MS) };
  if (dice < 0.97) return { atMs, kind: "jump", byMs: choice.of([-3_600_000, 3_600_000]) };
  return { atMs, kind: "stall", forMs: choice.whole(100, LONGEST_STALL_MS) };
}
