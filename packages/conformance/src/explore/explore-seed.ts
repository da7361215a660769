import type { Provider } from "@anyqueue/core/adapter";
import { createVirtualClock, type VirtualClock } from "@anyqueue/core/testing";
import { checkHistory, type HistoryVerdict } from "../history/check-history.ts";
import type { HistoryPromises } from "../history/invariant.ts";
import type { HistoryEvent } from "../history/history-event.ts";
import type { LeaseOf } from "../history/recording-adapter.ts";
import { ScheduleRun } from "./schedule-run.ts";
import { scheduleOf, type BrokerFault, type Schedule } from "./schedule.ts";

/** Makes a separate broker on a clock; all its clients reach the same queues. */
export type ExplorableBroker = (clock: VirtualClock, seed: number) => Broker;

/** A broker inside this process. */
export interface Broker {
  /** Connection URL for `createClient`. */
  readonly url: string;
  /** The provider for all clients. */
  readonly provider: Provider;
  /** Its faults and its records, if it has any. */
  readonly service?: BrokerService;
}

/** What an emulated service can do beside serving clients. */
export interface BrokerService {
  /** The service's name for a hand-over. */
  readonly leaseOf: LeaseOf;
  /** Begins a fault; the result ends it. */
  fail(fault: BrokerFault): () => void;
  /** Ends all faults. */
  heal(): void;
  /** What it handed out, in the order of the clock. */
  handOuts(): readonly RecordedHandOut[];
}

/** A hand-over on the service's own record. Moments are in milliseconds of the clock. */
export interface RecordedHandOut {
  /** The service's name for it. */
  readonly lease: string;
  /** When it happened. */
  readonly atMs: number;
  /** When the service ended the lease early, or handed the message out again meanwhile. @default never */
  readonly brokenAtMs?: number | undefined;
}

/** The result of one seed. */
export interface Explored {
  /** The schedule that the seed stands for. */
  readonly schedule: Schedule;
  /** What happened, in order. */
  readonly events: readonly HistoryEvent[];
  /** The verdict of the invariants. */
  readonly verdict: HistoryVerdict;
}

/**
 * Runs the schedule of a seed in virtual time and judges its history. The same seed gives the same history.
 *
 * @param promises where this broker promises something else than the queue in memory
 */
export async function exploreSeed(
  seed: number,
  broker: ExplorableBroker,
  promises: Partial<HistoryPromises> = {},
): Promise<Explored> {
  const clock = createVirtualClock({ seed });
  return await exploreSchedule(scheduleOf(seed), clock, broker(clock, seed), promises);
}

/**
 * Runs a schedule in virtual time and judges its history.
 *
 * @param clock moves the time of the broker and of its clients
 * @param promises where this broker promises something else than the queue in memory
 */
export async function exploreSchedule(
  schedule: Schedule,
  clock: VirtualClock,
  broker: Broker,
  promises: Partial<HistoryPromises> = {},
): Promise<Explored> {
  const run = new ScheduleRun(schedule, clock, broker);
  const events = await run.run();
  const verdict = checkHistory(events, {
    ordered: schedule.ordered,
    // A killed process may have received more than it could write down.
    deliveryCount: schedule.incidents.some(({ kind }) => kind === "kill") ? "approximate" : "exact",
    attempts: schedule.attempts,
    concurrency: run.maxConcurrency,
    slackMs: 5,
    // A stalled event loop hears that its lease has ended only when it continues. The signal of a batch aborts
    // for all its messages or none.
    abortWithinMs: schedule.batch === undefined ? 1_000 + longestStallMs(schedule) : Number.POSITIVE_INFINITY,
    recoveryMs: 120_000,
    promptMs: schedule.promptMs,
    rateLimit: schedule.rateLimit,
    drainMs: 600_000,
    finishes: true,
    ...promises,
  });
  return { schedule, events, verdict };
}

function longestStallMs({ incidents }: Schedule): number {
  return incidents.reduce((sum, incident) => sum + (incident.kind === "stall" ? incident.forMs : 0), 0);
}
