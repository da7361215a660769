import { HARSH_FROM, messageOf, widest, WIDE_FROM } from "./schedule.ts";
import type { BrokerFault, ExploredFeatures, Incident, PlannedMessage, Schedule } from "./schedule.ts";
import { SeededChoice } from "./seeded-choice.ts";
import { SPAN_MS, wider } from "./wide-schedule.ts";

/** What a schedule needs to know of a service. */
export interface ServiceSettings {
  /** True: the queue keeps the order per key. */
  readonly ordered: boolean;
  /** Lease of a delivery, in milliseconds. */
  readonly leaseMs: number;
  /** What a definition may ask of it beside the order. @default nothing */
  readonly features?: ExploredFeatures | undefined;
  /** The same for seeds from `WIDE_FROM` on. @default nothing */
  readonly wideFeatures?: ExploredFeatures | undefined;
  /** Draws something that the service does wrong. */
  faultOf(choice: SeededChoice): BrokerFault;
}

/** The most that each service allows, so that it gives up nothing itself. */
const ATTEMPTS = 100;
const KEYS = 3;
const CLOSE_WITHIN_MS: readonly [number, ...number[]] = [0, 500, 3_000, 25_000];
const LONGEST_STALL_MS = 4_000;
const LONGEST_SEND_DELAY_S = 20;

/**
 * The schedule of a seed for an emulated service: bursts of messages, and faults of the service itself. Seeds from
 * `HARSH_FROM` on draw from everything that processes may do as well, those from `WIDE_FROM` on from all that a
 * definition and a consumer can ask for.
 */
export function serviceScheduleOf(seed: number, settings: ServiceSettings): Schedule {
  const choice = new SeededChoice(seed);
  const consumers = choice.whole(1, 2);
  const handlerTimeoutMs = choice.chance(0.3) ? choice.whole(1_000, 20_000) : undefined;
  const planned: Schedule = {
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
  if (seed < HARSH_FROM) return planned;
  if (seed < WIDE_FROM) return harsher(planned, choice, settings);
  const { wideFeatures = {} } = settings;
  const harsh = harsher(planned, choice, { ...settings, features: undefined });
  return widest(wider(harsh, choice, wideFeatures), choice);
}

/** The same schedule with processes that die, batches, and messages that are sent with more than a body. */
function harsher(schedule: Schedule, choice: SeededChoice, { features }: ServiceSettings): Schedule {
  const { consumers, incidents, messages } = schedule;
  const isAsked = features !== undefined && choice.chance(0.7);
  const [needs, emulate] = [features?.needs ?? [], features?.emulate ?? []];
  const deduplicates = isAsked && needs.includes("deduplication");
  const delays = isAsked && [...needs, ...emulate].includes("delay");
  const more = Array.from({ length: choice.whole(0, 4) }, (): Incident => {
    const atMs = choice.whole(0, SPAN_MS);
    if (choice.chance(0.25)) return { atMs, kind: "kill-producer" };
    return { atMs, kind: "kill", consumer: choice.whole(0, consumers - 1) };
  });
  // Some streams last until the client's own calls on them, which come every half minute.
  const stretch = choice.of([1, 1, 2]);
  return {
    ...schedule,
    attempts: choice.chance(0.3) ? choice.whole(2, 6) : ATTEMPTS,
    ...(choice.chance(0.4) && { batch: choice.whole(2, 10) }),
    ...(choice.chance(0.3) && { prefetch: choice.whole(0, 5) }),
    ...(isAsked && { features }),
    resumesKeys: choice.chance(0.6),
    messages: messages.map(({ behaviour, ...message }) => ({
      ...message,
      atMs: message.atMs * stretch,
      behaviour: { ...behaviour, poison: choice.chance(0.05) },
      ...(deduplicates && choice.chance(0.3) && { isSentAgain: true }),
      ...(delays && choice.chance(0.3) && { delayMs: choice.whole(1, LONGEST_SEND_DELAY_S) * 1_000 }),
    })),
    incidents: [...incidents, ...more]
      // An emulated delay ends by the consumer's wall clock: set back, it would wait out the run.
      .filter(({ kind }) => kind !== "jump" || !delays || emulate.length === 0)
      .map((incident) => ({ ...incident, atMs: incident.atMs * stretch }))
      .toSorted((a, b) => a.atMs - b.atMs),
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
