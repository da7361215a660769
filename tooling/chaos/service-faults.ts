import type { FaultAction, FaultRule } from "@anyqueue/emulator";
import { wireOf, type Arena, type FaultKind, type Phase } from "./cell.ts";
import { CLOUDS, PUBSUB, SERVICE_BUS, SQS, type Front } from "./providers.ts";

type Actions = Partial<Readonly<Record<Front, FaultAction>>>;

/** The requests of a phase, by front. One call opens a stream, and others continue it. */
const OPERATIONS: Readonly<Record<Front, Partial<Readonly<Record<Phase, readonly string[]>>>>> = {
  sqs: {
    send: ["SendMessage*"],
    receive: ["ReceiveMessage"],
    settle: ["DeleteMessage*"],
    renew: ["ChangeMessageVisibility*"],
    "dead-letter": ["SendMessage*"],
  },
  "service-bus": {
    send: ["send"],
    receive: ["attach", "receive", "acceptSession"],
    settle: ["complete"],
    renew: ["renew*"],
    "dead-letter": ["deadLetter"],
  },
  pubsub: {
    send: ["Publish"],
    receive: ["StreamingPull*", "Pull"],
    settle: ["Acknowledge"],
    renew: ["ModifyAckDeadline"],
    "dead-letter": ["Publish"],
  },
};

/** If a service has no dead letters of its own, a copy is sent to a queue with such a name. */
const COPIES = "*-dead*";

/** Adds fault rules for the requests of the cell's phase. */
function ruled(actions: Actions, more: Omit<FaultRule, "action"> = {}): FaultKind["begin"] {
  return async (arena: Arena) => {
    const { phase } = arena;
    const { front } = arena.stage;
    const { control } = wireOf(arena);
    if (front === undefined) return;
    const action = actions[front];
    if (action === undefined) throw new Error(`no action for ${front}`);
    const isCopy = phase === "dead-letter" && front !== "service-bus";
    const operations = OPERATIONS[front][phase] ?? ["*"];
    for (const operation of operations) {
      // oxlint-disable-next-line no-await-in-loop -- rules apply in this order
      await control.addFault({ operation, ...(isCopy ? { queue: COPIES } : {}), ...more, action });
    }
  };
}

const THROTTLED: Actions = {
  sqs: { kind: "throttle" },
  "service-bus": { kind: "throttle" },
  pubsub: { kind: "error", code: "RESOURCE_EXHAUSTED" },
};
const BUSY: Actions = {
  sqs: { kind: "serverError", status: 503 },
  "service-bus": { kind: "error", condition: "amqp:internal-error" },
  pubsub: { kind: "error", code: "UNAVAILABLE" },
};
const UNAUTHENTICATED: Actions = {
  sqs: { kind: "expiredToken" },
  "service-bus": { kind: "unauthorized" },
  pubsub: { kind: "error", code: "UNAUTHENTICATED" },
};
const DENIED: Actions = {
  sqs: { kind: "accessDenied" },
  "service-bus": { kind: "error", condition: "amqp:unauthorized-access" },
  pubsub: { kind: "error", code: "PERMISSION_DENIED" },
};
const RESET: Actions = {
  sqs: { kind: "reset" },
  "service-bus": { kind: "reset" },
  pubsub: { kind: "reset" },
};
const HOLD: Actions = { sqs: { kind: "hold" }, "service-bus": { kind: "hold" }, pubsub: { kind: "hold" } };
const EXPIRE: Actions = {
  sqs: { kind: "expireLease" },
  "service-bus": { kind: "expireLease" },
  pubsub: { kind: "expireLease" },
};

/** Faults of a service, injected by the emulator's fault rules. */
export const SERVICE_FAULTS: readonly FaultKind[] = [
  {
    name: "throttled",
    rows: ["F-05"],
    stages: CLOUDS,
    phases: ["send", "receive", "settle", "renew"],
    forMs: 2_500,
    begin: ruled(THROTTLED),
  },
  {
    name: "server-busy",
    rows: ["F-06"],
    stages: CLOUDS,
    phases: ["send", "receive", "settle", "renew"],
    forMs: 2_500,
    begin: ruled(BUSY, { probability: 0.3 }),
  },
  {
    name: "reset-after",
    rows: ["F-02", "F-03"],
    stages: CLOUDS,
    phases: ["send", "settle", "renew", "dead-letter"],
    begin: ruled(RESET, { when: "after", count: 2 }),
  },
  {
    name: "no-answer",
    rows: ["F-04"],
    blursLeases: true,
    stages: CLOUDS,
    phases: ["send", "settle"],
    recoveryMs: 60_000,
    begin: ruled(HOLD, { count: 2 }),
  },
  {
    name: "partial-batch",
    rows: ["F-07"],
    stages: SQS,
    phases: ["send", "settle", "renew"],
    during: { count: 40, everyMs: 0, takesMs: 5 },
    begin: ruled({
      sqs: { kind: "partialBatch", entries: [0, 2], code: "InternalError", isSenderFault: false },
    }),
  },
  {
    name: "partial-ack",
    rows: ["F-07"],
    stages: ["pubsub-exactly-once"],
    phases: ["settle"],
    during: { count: 40, everyMs: 0, takesMs: 5 },
    begin: ruled(
      { pubsub: { kind: "partialAck", entries: [0], code: "TRANSIENT_FAILURE_SERVICE_UNAVAILABLE" } },
      { count: 4 },
    ),
  },
  {
    name: "link-detach",
    rows: ["F-32"],
    stages: SERVICE_BUS,
    phases: ["send", "receive", "settle", "dead-letter"],
    begin: ruled({ "service-bus": { kind: "detach" } }, { count: 3 }),
  },
  {
    name: "session-lost",
    rows: ["F-13", "F-32"],
    stages: ["service-bus-session"],
    phases: ["settle", "renew"],
    begin: ruled({ "service-bus": { kind: "sessionLost" } }, { count: 2 }),
  },
  {
    name: "connection-closed",
    rows: ["F-32"],
    stages: SERVICE_BUS,
    phases: ["send", "receive", "settle"],
    begin: ruled({ "service-bus": { kind: "closeConnection" } }, { count: 2 }),
  },
  {
    name: "goaway",
    rows: ["F-32"],
    stages: PUBSUB,
    phases: ["send", "receive", "settle"],
    begin: ruled({ pubsub: { kind: "goaway", graceMs: 200 } }, { count: 2 }),
  },
  {
    name: "stream-ends",
    rows: ["F-31"],
    stages: PUBSUB,
    phases: ["receive"],
    begin: ruled({ pubsub: { kind: "endStream", code: "UNAVAILABLE" } }, { count: 4 }),
  },
  {
    name: "credentials-expired",
    rows: ["F-17"],
    stages: CLOUDS,
    phases: ["send", "receive", "settle"],
    forMs: 2_500,
    begin: ruled(UNAUTHENTICATED),
  },
  {
    name: "right-revoked",
    rows: ["F-16", "F-18"],
    stages: CLOUDS,
    phases: ["send", "settle"],
    forMs: 2_500,
    begin: ruled(DENIED),
  },
  {
    name: "lease-expired",
    rows: ["F-13"],
    stages: CLOUDS,
    phases: ["settle", "renew"],
    begin: ruled(EXPIRE, { count: 3 }),
  },
  {
    name: "renewal-fails-twice",
    rows: ["F-14"],
    stages: CLOUDS,
    phases: ["renew"],
    begin: ruled(BUSY, { count: 2 }),
  },
  {
    name: "settle-fails-twice",
    rows: ["F-15"],
    stages: CLOUDS,
    phases: ["settle"],
    begin: ruled(BUSY, { count: 2 }),
  },
  {
    name: "dead-letters-throttled",
    rows: ["F-24"],
    stages: CLOUDS,
    phases: ["dead-letter"],
    forMs: 2_500,
    begin: ruled(THROTTLED),
  },
  {
    name: "duplicate-delivery",
    rows: ["F-09"],
    stages: ["sqs", "service-bus", "pubsub"],
    phases: ["handle"],
    begin: async (arena) => {
      const operation = { sqs: "ReceiveMessage", "service-bus": "receive", pubsub: "StreamingPull.response" };
      await wireOf(arena).control.addFault({
        operation: operation[arena.stage.front ?? "sqs"],
        when: "after",
        count: 1,
        action: { kind: "duplicate" },
      });
    },
  },
  {
    name: "damaged-messages",
    rows: ["F-21"],
    stages: SQS,
    phases: ["settle"],
    begin: ruled({ sqs: { kind: "corruptMd5", entries: [0] } }, { operation: "ReceiveMessage", count: 2 }),
  },
  {
    name: "recreated",
    rows: ["F-19"],
    stages: CLOUDS,
    phases: ["receive"],
    // Messages sent during the fault would be refused, or deleted with the queue.
    during: { count: 0, everyMs: 0 },
    recoveryMs: 20_000,
    begin: async (arena) => await wireOf(arena).deleteQueue(),
    end: async (arena) => {
      const { control, createQueue } = wireOf(arena);
      // SQS allows a deleted queue's name again after a minute.
      await control.advance(61_000);
      await createQueue();
    },
  },
  {
    name: "broker-clock",
    rows: ["F-20", "F-13"],
    blursLeases: true,
    stages: CLOUDS,
    phases: ["handle", "receive"],
    // All leases run out at once, long before their holders expect it.
    begin: async (arena) => await wireOf(arena).jump(arena.stage.leaseMs + 1_000),
  },
];
