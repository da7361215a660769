import type { BrokerFault, SeededChoice } from "@anyqueue/conformance";
import type { FaultRule } from "@anyqueue/emulator";
import type { Front, Stage } from "../chaos/providers.ts";

type Draw = (choice: SeededChoice) => FaultRule;
type Draws = readonly [Draw, ...Draw[]];

const LONGEST_DELAY_MS = 12_000;
/** Between two messages of a slow stream. One that is behind by a whole lease brings nothing that is leased. */
const LONGEST_PAUSE_MS = 400;
/**
 * How late a message may be that a broker pushes with its lock. Who reads it counts the lock from then, and
 * learns with the first renewal, after half of it, that it has ended.
 */
const LONGEST_LATENESS_MS = 1_000;
/** Whoever reads a message later than this may renew its lease when that is over, and Pub/Sub does not say so. */
const LONGEST_STREAM_DELAY_MS = 4_000;
const PUBSUB_CODES = [
  "UNAVAILABLE",
  "RESOURCE_EXHAUSTED",
  "INTERNAL",
  "DEADLINE_EXCEEDED",
  "ABORTED",
  "CANCELLED",
  "UNKNOWN",
] as const;
const SIDES = ["before", "after"] as const;

// No late answers with messages: who reads them cannot know when their leases began.
const SQS_BATCHES = ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"] as const;
const SQS_CALLS = [...SQS_BATCHES, "ReceiveMessage"] as const;
const SQS_SETTLES = ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"] as const;

const SQS_FAULTS: Draws = [
  (choice) => ({
    operation: choice.of([...SQS_CALLS, "*"]),
    action: { kind: "serverError", status: choice.of([500, 502, 503, 504]), html: choice.chance(0.5) },
  }),
  () => ({ action: { kind: "throttle" } }),
  (choice) => ({ operation: choice.of(SQS_CALLS), when: choice.of(SIDES), action: { kind: "reset" } }),
  (choice) => ({ operation: choice.of(SQS_CALLS), action: { kind: "hold" } }),
  (choice) => ({ operation: choice.of(SQS_BATCHES), when: choice.of(SIDES), action: delayOf(choice) }),
  (choice) => ({ operation: "ReceiveMessage", action: delayOf(choice) }),
  (choice) => ({
    operation: choice.of(SQS_BATCHES),
    action: { kind: "partialBatch", ...someEntries(choice) },
  }),
  () => ({ operation: "ReceiveMessage", action: { kind: "duplicate" } }),
  () => ({ operation: "ReceiveMessage", action: { kind: "shuffle" } }),
  (choice) => ({
    operation: choice.of(["ReceiveMessage", "SendMessageBatch"]),
    action: { kind: "corruptMd5", ...someEntries(choice) },
  }),
  (choice) => ({ operation: choice.of(SQS_SETTLES), action: { kind: "expireLease" } }),
  (choice) => ({ action: { kind: "clockSkew", skewMs: choice.of([-3_600_000, 3_600_000]) } }),
  (choice) => ({
    operation: choice.of(SQS_BATCHES),
    action: { kind: "trickle", bytesPerPart: 64, everyMs: choice.whole(5, 400) },
  }),
  (choice) => ({ action: { kind: choice.of(["expiredToken", "accessDenied"]) }, count: 1 }),
];

const PUBSUB_CALLS = ["Acknowledge", "ModifyAckDeadline", "Publish", "StreamingPull.response"] as const;
const PUBSUB_SETTLES = ["Acknowledge", "ModifyAckDeadline"] as const;

const PUBSUB_FAULTS: Draws = [
  (choice) => ({
    operation: choice.of(["StreamingPull", "Acknowledge", "ModifyAckDeadline", "Publish", "*"]),
    action: { kind: "error", code: choice.of(PUBSUB_CODES) },
  }),
  (choice) => ({
    operation: "StreamingPull.request",
    action: choice.of([{ kind: "error", code: "UNAVAILABLE" }, { kind: "reset" }]),
  }),
  (choice) => ({
    operation: "StreamingPull.response",
    action: { kind: "endStream", code: choice.of(["UNAVAILABLE", "OK", "INTERNAL", "RESOURCE_EXHAUSTED"]) },
  }),
  () => ({ action: { kind: "goaway" } }),
  (choice) => ({ operation: choice.of(PUBSUB_CALLS), when: choice.of(SIDES), action: { kind: "reset" } }),
  () => ({ operation: "StreamingPull.response", action: { kind: "hold" } }),
  (choice) => {
    const [operation, when] = [choice.of(PUBSUB_CALLS), choice.of(SIDES)];
    const { ms } = delayOf(choice);
    const longestMs = operation === "StreamingPull.response" ? LONGEST_STREAM_DELAY_MS : LONGEST_DELAY_MS;
    return { operation, when, action: { kind: "delay", ms: Math.min(ms, longestMs) } };
  },
  (choice) => ({
    operation: "StreamingPull.response",
    action: { kind: "slow", everyMs: choice.whole(20, LONGEST_PAUSE_MS) },
  }),
  (choice) => ({
    operation: choice.of(PUBSUB_SETTLES),
    action: {
      kind: "partialAck",
      ...someEntries(choice),
      ...(choice.chance(0.6) && {
        code: choice.of(["TRANSIENT_FAILURE_UNORDERED_ACK_ID", "TRANSIENT_FAILURE_SERVICE_UNAVAILABLE"]),
      }),
    },
  }),
  () => ({ operation: "StreamingPull.response", action: { kind: "duplicate" } }),
  () => ({ operation: "StreamingPull.response", action: { kind: "shuffle" } }),
  (choice) => ({ operation: choice.of(PUBSUB_SETTLES), action: { kind: "expireLease" } }),
  (choice) => ({ operation: "StreamingPull", action: { kind: choice.of(["noKeepalive", "overflow"]) } }),
];

const BUS_CALLS = ["send", "receive", "complete", "abandon", "deadLetter"] as const;
const BUS_RENEWALS = ["renewLock", "renewSessionLock"] as const;

const SERVICE_BUS_FAULTS: Draws = [
  (choice) => ({
    operation: choice.of([...BUS_CALLS, ...BUS_RENEWALS, "attach", "acceptSession"]),
    action: { kind: "error", condition: "amqp:internal-error" },
  }),
  (choice) => ({ operation: choice.of([...BUS_CALLS, ...BUS_RENEWALS]), action: { kind: "throttle" } }),
  (choice) => ({ operation: choice.of(BUS_CALLS), when: choice.of(SIDES), action: { kind: "reset" } }),
  (choice) => ({ operation: choice.of(BUS_CALLS), action: { kind: "closeConnection" } }),
  (choice) => ({ operation: choice.of(BUS_CALLS), action: { kind: "detach" } }),
  (choice) => ({ operation: choice.of(["send", "complete", "receive"]), action: { kind: "hold" } }),
  (choice) => {
    const operation = choice.of([...BUS_CALLS, ...BUS_RENEWALS]);
    const longestMs = operation === "receive" ? LONGEST_LATENESS_MS : LONGEST_DELAY_MS;
    return { operation, when: choice.of(SIDES), action: delayOf(choice, longestMs) };
  },
  (choice) => ({
    operation: choice.of(["complete", "abandon", "renewSessionLock"]),
    action: { kind: "sessionLost" },
  }),
  (choice) => ({
    operation: choice.of(["complete", "abandon", "renewLock"]),
    action: { kind: "expireLease" },
  }),
  () => ({ operation: "receive", action: { kind: "duplicate" } }),
  () => ({ operation: "receive", action: { kind: "corruptMessage" } }),
  () => ({ operation: "attach", action: { kind: "ignoreDrain" } }),
  () => ({ action: { kind: "unauthorized" }, count: 1 }),
];

const FAULTS: Readonly<Record<Front, Draws>> = {
  sqs: SQS_FAULTS,
  pubsub: PUBSUB_FAULTS,
  "service-bus": SERVICE_BUS_FAULTS,
};

/** Draws a fault rule that this stage can meet. */
export function faultOf(stage: Stage, choice: SeededChoice): BrokerFault {
  const { front = "sqs" } = stage;
  let drawn = choice.of(FAULTS[front])(choice);
  while (!isPossible(stage, drawn)) drawn = choice.of(FAULTS[front])(choice);
  const count = drawn.count ?? choice.whole(1, 4);
  const rule: FaultRule = { ...drawn, count, ...(choice.chance(0.4) && { probability: 0.5 }) };
  return { name: rule.action.kind, rule };
}

function isPossible(
  { front, ordered, promises }: Stage,
  { action: { kind }, operation }: FaultRule,
): boolean {
  // Only exactly-once delivery reports on each ack id.
  if (kind === "partialAck") return promises.lateAcks !== true;
  if (!ordered || front === "pubsub") return true;
  // FIFO queues and sessions do not deliver twice at a time, and a link brings what is sent, in order.
  const isLate = operation === "receive" && (kind === "hold" || kind === "delay");
  return kind !== "duplicate" && !isLate;
}

function delayOf(
  choice: SeededChoice,
  longestMs = LONGEST_DELAY_MS,
): { readonly kind: "delay"; readonly ms: number } {
  return { kind: "delay", ms: choice.whole(10, longestMs) };
}

function someEntries(choice: SeededChoice): { readonly entries?: readonly number[] } {
  return choice.chance(0.5) ? { entries: [0] } : {};
}
