import { CASES, type KnownGap } from "@anyqueue/conformance";
import type { LeftOut } from "../../../../tooling/conformance/on-partner.ts";

/** Where one server differs from Amazon SQS, as far as the suite shows it. */
export interface PartnerDeviations {
  /** How many cases a server keeps up with at a time. Most of the time, each waits for queues of its own. */
  readonly casesAtATime: number;
  /** Cases that always fail on standard queues. One that passes fails the job. */
  readonly standard: readonly KnownGap[];
  /** The same for FIFO queues. */
  readonly fifo: readonly KnownGap[];
  /** Cases that the server cannot finish in reasonable time or with the same result every time, and why. */
  readonly notRun: Readonly<Record<"standard" | "fifo", LeftOut>>;
}

/** Cases above the driver that send, refuse or settle without a waiting consumer. */
const WITHOUT_A_WAITING_CONSUMER: readonly string[] = [
  ...["BTCH-06", "BTCH-07", "BTCH-10", "CAPA-01", "CAPA-05", "DEDU-03", "DEDU-07", "DELY-02", "DELY-05"],
  ...["ERRS-01", "ERRS-02", "ERRS-04", "ERRS-05", "ERRS-07", "ERRS-10", "HDRS-01", "HDRS-02", "HDRS-03"],
  ...["HDRS-04", "HDRS-05", "HDRS-07", "HDRS-09", "LARG-02", "ORDR-07", "ORDR-11", "PROD-05", "PROD-06"],
  ...["PROD-07", "PROD-08", "PROD-10", "PROD-11", "PROD-12", "PROV-02", "PROV-07"],
];

/** Leaves out all cases that run a consumer of the public API. */
export function leaveOutConsumers(reason: string): LeftOut {
  const running = CASES.filter(
    ({ id, level }) => level !== "driver" && !WITHOUT_A_WAITING_CONSUMER.includes(id),
  );
  return Object.fromEntries(running.map(({ id }) => [id, reason]));
}

/**
 * Cases that a server without a movable clock cannot finish in time. When nobody moves its clock, our own
 * emulator also fails them or takes most of a minute, so a failure would say nothing about a partner.
 */
export const NEED_A_MOVABLE_CLOCK: LeftOut = {
  "CAPA-07": "two thirds of a minute of an emulated delay on FIFO queues",
  "CONC-08": "a timeout that is a part of a lease leaves less than the service's one second",
  "CONS-02": "minutes of an idle consumer",
  "CONS-04": "a minute between sending and receiving",
  "CONS-15": "an ask of five seconds outlives the two-second lease of what another one got",
  "DELY-01": "a delay of a minute",
  "DELY-03": "a delay of a minute",
  "LEAS-03": "twelve hours of renewals",
  "ORDR-05": "back-off of a failing key beside a fixed deadline",
  "RTRY-03": "a delay of a minute",
  "RTRY-09": "back-off of minutes",
  "RTRY-10": "back-off of minutes",
  "RTRY-13": "back-off of minutes",
  // This case judges the cases before it, and needs all of them.
  "CAPA-02": "a part of the suite proves a part of the claims",
};
