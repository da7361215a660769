/** Where one reference behaves differently from Pub/Sub, as far as the scenarios show it. */
export interface ReferenceTable {
  /** By title of the scenario. The job fails as well if a difference disappears. */
  readonly differences: Readonly<Record<string, Difference>>;
  /** Scenarios that the reference cannot run, each with the reason. */
  readonly notRun: Readonly<Record<string, string>>;
}

interface Difference {
  readonly why: string;
  /** The document that says how Pub/Sub behaves. */
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
