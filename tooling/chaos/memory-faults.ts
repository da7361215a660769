import type { Fault } from "@anyqueue/conformance";
import type { Operation } from "@anyqueue/core/adapter";
import type { Arena, FaultKind, Phase } from "./cell.ts";
import { MEMORY } from "./providers.ts";

/** More calls than happen during any fault. */
const ALL = 1_000_000;

const OPERATIONS: Readonly<Record<Phase, Operation>> = {
  send: "send",
  receive: "receive",
  handle: "receive",
  settle: "ack",
  renew: "extend",
  "dead-letter": "deadLetter",
};

function failing(fault: Omit<Fault, "operation">): FaultKind["begin"] {
  return ({ phase, producer }: Arena) =>
    producer.tell({ kind: "faults", faults: [{ ...fault, operation: OPERATIONS[phase] }] });
}

function heal({ producer }: Arena): void {
  producer.tell({ kind: "heal" });
}

/** Faults of a queue without a wire: the same failures, injected between the engine and its driver. */
export const MEMORY_FAULTS: readonly FaultKind[] = [
  {
    name: "throttled",
    rows: ["F-05"],
    stages: MEMORY,
    phases: ["send", "receive", "settle", "renew", "dead-letter"],
    begin: failing({ code: "THROTTLED", times: ALL, retryAfterMs: 50 }),
    end: heal,
  },
  {
    name: "lost-response",
    rows: ["F-02", "F-03"],
    stages: MEMORY,
    phases: ["send", "settle", "dead-letter"],
    begin: failing({ code: "CONNECTION_LOST", when: "after", times: 4 }),
    end: heal,
  },
  {
    name: "partial-batch",
    rows: ["F-07"],
    stages: MEMORY,
    phases: ["send", "settle"],
    during: { count: 40, everyMs: 0, takesMs: 5 },
    begin: failing({ code: "UNAVAILABLE", items: [0], times: 4 }),
    end: heal,
  },
  {
    name: "loop-blocked",
    rows: ["F-11"],
    blursLeases: true,
    stages: MEMORY,
    phases: ["handle", "settle"],
    forLeases: 1.5,
    begin: ({ producer, stage }) => producer.tell({ kind: "block", ms: 1.4 * stage.leaseMs }),
  },
  {
    name: "wall-clock",
    rows: ["F-20"],
    stages: MEMORY,
    phases: ["send", "handle", "renew"],
    begin: ({ producer, random }) =>
      producer.tell({ kind: "jump", ms: random() < 0.5 ? 3_600_000 : -3_600_000 }),
  },
  {
    name: "terminated",
    rows: ["F-25"],
    stages: MEMORY,
    phases: ["receive", "handle", "settle", "renew", "dead-letter"],
    begin: ({ producer }) => producer.tell({ kind: "scale", to: 0 }),
    end: ({ producer }) => producer.tell({ kind: "scale", to: 1 }),
  },
  {
    name: "handler-fails",
    rows: ["F-23"],
    stages: MEMORY,
    phases: ["handle"],
    during: { count: 20, everyMs: 5, takesMs: 5, failures: 3 },
    begin: () => undefined,
  },
];
