import type { ExploredFeatures, Incident, PlannedMessage, Schedule } from "./schedule.ts";
import type { Death } from "./life.ts";
import type { ConsumerMode } from "./pulling.ts";
import type { SeededChoice } from "./seeded-choice.ts";

/** Time in which messages are sent and incidents happen. */
export const SPAN_MS = 30_000;
const LONGEST_DELAY_S = 20;
const LONGEST_TTL_S = 20;
/** Where nothing goes wrong, all messages of a run are handled within this time, each as often as it fails. */
const PROMPT_MS = 5_000;
const QUICK_MS = 20;
const LONGEST_EXTENSION_MS = 20_000;
/** A redrive of one batch makes about as many calls of its drivers. */
const LAST_CALL = 14;

/** The same schedule with what a definition may ask for beside the order. */
export function wider(schedule: Schedule, choice: SeededChoice, features: ExploredFeatures): Schedule {
  const timed = timesOf(schedule, choice, features);
  const used = usesOf(timed, choice);
  return choice.chance(0.2) ? calm(used) : used;
}

/** The same schedule with dead letters that are moved back while messages are sent and handled. */
export function redriven(schedule: Schedule, choice: SeededChoice): Schedule {
  const redrives = Array.from({ length: choice.whole(1, 3) }, (): Incident => {
    const atMs = choice.whole(5_000, SPAN_MS);
    if (choice.chance(0.4)) return { atMs, kind: "redrive" };
    return choice.chance(0.5)
      ? { atMs, kind: "redrive", max: choice.whole(1, 5) }
      : { atMs, kind: "redrive", isFiltered: true };
  });
  const incidents = [...schedule.incidents, ...redrives].toSorted((a, b) => a.atMs - b.atMs);
  const { promptMs } = schedule;
  return {
    ...schedule,
    attempts: choice.whole(1, 3),
    incidents,
    // Each redrive may bring all of the work again.
    ...(promptMs !== undefined && { promptMs: promptMs * (1 + redrives.length) }),
  };
}

/** The same schedule where most processes that move dead letters back die in the middle. */
export function dying(schedule: Schedule, choice: SeededChoice): Schedule {
  const incidents = schedule.incidents.map((incident): Incident => {
    if (incident.kind !== "redrive" || choice.chance(0.3)) return incident;
    const when = choice.of<Death["when"]>(["before", "during", "after"]);
    const diesAt = { call: choice.whole(1, LAST_CALL), when };
    return { ...incident, diesAt };
  });
  return { ...schedule, incidents };
}

/** What consumers can do beside running a handler for each message. */
function usesOf(schedule: Schedule, choice: SeededChoice): Schedule {
  // The order is the application's business where it pulls.
  const pulls = !schedule.ordered && choice.chance(0.5);
  const isLimited = !pulls && schedule.batch === undefined && choice.chance(0.3);
  const batch = choice.chance(0.3) ? choice.whole(2, 10) : undefined;
  return {
    ...schedule,
    ...(pulls && { modes: Array.from({ length: schedule.consumers }, () => modeOf(choice)) }),
    ...(isLimited && { rateLimit: { count: choice.whole(1, 5), perMs: choice.whole(100, 3_000) } }),
    ...(!isLimited && batch !== undefined && { batch }),
    ...(choice.chance(0.3) && { prefetch: choice.whole(0, 5) }),
    messages: schedule.messages.map(({ behaviour, ...message }) => ({
      ...message,
      behaviour: {
        ...behaviour,
        // Nothing ends a hanging application.
        ...(pulls && { hangs: false, isForgotten: choice.chance(0.1) }),
        ...(choice.chance(0.2) && { extendMs: choice.whole(1_000, LONGEST_EXTENSION_MS) }),
      },
    })),
  };
}

function modeOf(choice: SeededChoice): ConsumerMode {
  return choice.of(["run", "receive", "iterate"]);
}

function timesOf(schedule: Schedule, choice: SeededChoice, features: ExploredFeatures): Schedule {
  const all = [...(features.needs ?? []), ...(features.emulate ?? [])];
  // A delayed message takes its place in its key when it is due.
  const delays = all.includes("delay") && !schedule.ordered && choice.chance(0.7);
  const expires = all.includes("ttl") && choice.chance(0.5);
  const deduplicates = all.includes("deduplication") && choice.chance(0.3);
  if (!delays && !expires && !deduplicates) return schedule;
  const isUsed = (feature: string): boolean =>
    feature === "delay" ? delays : feature === "ttl" ? expires : deduplicates;
  return {
    ...schedule,
    features: {
      needs: (features.needs ?? []).filter((feature) => isUsed(feature)),
      emulate: (features.emulate ?? []).filter((feature) => isUsed(feature)),
    },
    messages: schedule.messages.map((message) => ({
      ...message,
      ...(delays && choice.chance(0.5) && { delayMs: choice.whole(1, LONGEST_DELAY_S) * 1_000 }),
      ...(expires && choice.chance(0.5) && { ttlMs: choice.whole(1, LONGEST_TTL_S) * 1_000 }),
      ...(deduplicates && choice.chance(0.3) && { isSentAgain: true }),
    })),
    // An emulated delay ends by the consumer's wall clock, and so does an emulated life.
    incidents: schedule.incidents.filter(({ kind }) => kind !== "jump" || (!delays && !expires)),
  };
}

/** Without anything that goes wrong. */
function calm(schedule: Schedule): Schedule {
  return {
    ...schedule,
    incidents: schedule.incidents.filter(isHarmless),
    messages: schedule.messages.map(quick),
    // A message of a key waits for the retries of those before it.
    ...(!schedule.ordered && schedule.rateLimit === undefined && { promptMs: PROMPT_MS }),
  };
}

function isHarmless({ kind }: Incident): boolean {
  return kind === "concurrency" || kind === "jump";
}

function quick({ behaviour, ...message }: PlannedMessage): PlannedMessage {
  const takesMs = Math.min(behaviour.takesMs, QUICK_MS);
  return { ...message, behaviour: { ...behaviour, takesMs, hangs: false, isForgotten: false } };
}
