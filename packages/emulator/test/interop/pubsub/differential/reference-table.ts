/** What one reference does otherwise than Pub/Sub, as far as the scenarios show it. */
export interface ReferenceTable {
  /** By the title of the scenario. One that disappears fails the job as well. */
  readonly differences: Readonly<Record<string, Difference>>;
  /** Scenarios that the reference cannot take, each with the reason. */
  readonly notRun: Readonly<Record<string, string>>;
}

interface Difference {
  readonly why: string;
  /** Where it is written that Pub/Sub does otherwise. */
  readonly source: string;
  readonly seen: unknown;
}

/** All read on 2026-11-29. */
export const DOCS = {
  reference: "https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1",
  limits: "https://cloud.google.com/pubsub/quotas#resource_limits",
  emulator: "https://cloud.google.com/pubsub/docs/emulator",
  names: "https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names",
  ordering: "https://cloud.google.com/pubsub/docs/ordering",
  exactlyOnce: "https://cloud.google.com/pubsub/docs/exactly-once-delivery",
  seek: "https://cloud.google.com/pubsub/docs/replay-overview",
  filters: "https://cloud.google.com/pubsub/docs/subscription-message-filter",
  retryPolicy: "https://cloud.google.com/pubsub/docs/subscription-retry-policy",
  deadLetters: "https://cloud.google.com/pubsub/docs/dead-letter-topics",
  schemas: "https://cloud.google.com/pubsub/docs/schemas",
} as const;
