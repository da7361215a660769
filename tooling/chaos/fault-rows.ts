/** One row of the fault matrix. */
export interface FaultRow {
  readonly what: string;
  /** For a row without a cell: where it is tested, or why there is nothing to test. */
  readonly elsewhere?: string;
}

/** The rows of the fault matrix. The cells of a row are those of the fault kinds that name it. */
export const FAULT_ROWS: Readonly<Record<string, FaultRow>> = {
  "F-01": { what: "the connection is reset before the request was sent" },
  "F-02": { what: "a send was applied and its answer is lost" },
  "F-03": { what: "a settlement was applied and its answer is lost" },
  "F-04": { what: "nothing arrives any more and nobody is told" },
  "F-05": { what: "throttled" },
  "F-06": { what: "the server is busy, at random" },
  "F-07": { what: "some items of a batch fail" },
  "F-08": { what: "answers are late by a random time" },
  "F-09": { what: "the service delivers twice" },
  "F-10": { what: "a consumer is killed" },
  "F-11": { what: "the event loop is blocked longer than the lease" },
  "F-12": { what: "a process is stopped for two leases and goes on" },
  "F-13": { what: "leases run out although they are renewed" },
  "F-14": { what: "renewals fail twice, then work" },
  "F-15": { what: "settlements fail at first" },
  "F-16": { what: "settlements fail for good" },
  "F-17": { what: "credentials expire and are refreshed" },
  "F-18": { what: "a right is revoked" },
  "F-19": { what: "the queue is deleted and created again" },
  "F-20": { what: "a clock jumps" },
  "F-21": { what: "a message arrives damaged" },
  "F-22": {
    what: "a handler never ends",
    elsewhere: "seeded exploration (`hangs`) and conformance case CONC-08",
  },
  "F-23": { what: "handlers throw" },
  "F-24": { what: "dead letters cannot be written" },
  "F-25": { what: "SIGTERM at any time" },
  "F-26": { what: "a rolling deploy under load" },
  "F-27": { what: "consumers are scaled from 1 to 10 to 1" },
  "F-28": {
    what: "one key stalls",
    elsewhere: "conformance cases ORDR-04 and ORDR-05; a failing key is part of every ordered cell",
  },
  "F-29": { what: "a producer is killed while it sends" },
  "F-30": { what: "a backlog of a million messages before a consumer with little memory" },
  "F-31": { what: "a stream ends, or is open and brings nothing" },
  "F-32": { what: "the link under a lease is replaced" },
  "F-33": {
    what: "a listener of telemetry throws or hangs",
    elsewhere: "tests of the core: what a listener throws is contained, and nothing waits for one",
  },
  "F-34": { what: "the store of a claim check is down", elsewhere: "there is no claim check" },
  "F-35": { what: "nobody accepts connections" },
  "F-36": { what: "two faults at once" },
};
