import type { Capabilities, Limits } from "@anyqueue/core/adapter";

/** What a target can do, as the suite found: the answer of `resolve`, refined by that of `probe`. */
export interface TargetFacts {
  /** What the target can do. */
  readonly capabilities: Capabilities;
  /** The limits of the target. */
  readonly limits: Limits;
  /** True: the adapter can read the entity's settings. */
  readonly inspectable: boolean;
}

interface NeedRule {
  /** For the documentation. */
  readonly meaning: string;
  readonly isMet: (facts: TargetFacts) => boolean;
}

/** All needs that a case can have, by name. If one is not met, the case's negative twin runs. */
export const NEEDS = {
  base: { meaning: "every adapter", isMet: () => true },
  release: { meaning: "a delivery can be given back", isMet: (f) => f.capabilities.release === "native" },
  releaseDelay: {
    meaning: "the service delays a redelivery",
    isMet: (f) => f.capabilities.release === "native" && f.capabilities.releaseDelay !== "none",
  },
  leaseExtend: {
    meaning: "leases can be renewed",
    isMet: (f) => f.capabilities.lease === "timed" || f.capabilities.lease === "shared",
  },
  leaseVisible: {
    meaning: "settling after the lease ended is reported",
    isMet: (f) => f.capabilities.settle === "confirmed",
  },
  attempts: { meaning: "deliveries are counted", isMet: (f) => f.capabilities.deliveryCount !== "none" },
  dlqNative: {
    meaning: "the service dead-letters on request",
    isMet: (f) => f.capabilities.deadLetter === "native",
  },
  dlqByCore: { meaning: "the core copies dead letters", isMet: (f) => f.capabilities.deadLetter === "none" },
  order: {
    meaning: "messages of one key keep their order",
    isMet: (f) => f.capabilities.ordering === "by-key",
  },
  unordered: { meaning: "no order at all", isMet: (f) => f.capabilities.ordering === "none" },
  dedup: { meaning: "a window of deduplication", isMet: (f) => f.capabilities.deduplication === "window" },
  noDedup: { meaning: "no deduplication", isMet: (f) => f.capabilities.deduplication === "none" },
  delay: { meaning: "delay of a single message", isMet: (f) => f.capabilities.sendDelay !== "none" },
  noDelay: { meaning: "no delay of a single message", isMet: (f) => f.capabilities.sendDelay === "none" },
  ttl: { meaning: "messages expire", isMet: (f) => f.capabilities.ttl },
  peek: { meaning: "messages can be looked at", isMet: (f) => f.capabilities.peek },
  cancel: { meaning: "a delayed message can be cancelled", isMet: (f) => f.capabilities.cancel },
  headers: { meaning: "messages carry attributes", isMet: (f) => f.limits.attributes.maxCount > 0 },
  binaryBody: { meaning: "bodies are bytes", isMet: () => true },
  batchSend: { meaning: "several messages in one request", isMet: (f) => f.limits.send.maxItems > 1 },
  batchSettle: { meaning: "several settlements in one request", isMet: (f) => f.limits.ack.maxItems > 1 },
  batchExtend: {
    meaning: "several leases renewed in one request",
    isMet: (f) => f.limits.extend.maxItems > 1,
  },
  inspect: { meaning: "the entity's settings can be read", isMet: (f) => f.inspectable },
} as const satisfies Record<string, NeedRule>;

/** A need of a case: a key of `NEEDS`. */
export type Need = keyof typeof NEEDS;

/** The needs of a case that a target lacks; if there are none, the case itself runs. */
export function missingNeeds(needs: readonly Need[], facts: TargetFacts): readonly Need[] {
  return needs.filter((need) => !NEEDS[need].isMet(facts));
}
