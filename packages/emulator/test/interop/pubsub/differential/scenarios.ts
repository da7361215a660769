import { DELIVERY_SCENARIOS } from "./delivery.ts";
import { EXACTLY_ONCE_SCENARIOS } from "./exactly-once.ts";
import { PUBLISHING_SCENARIOS } from "./publishing.ts";
import type { Scenario } from "./scenario.ts";
import { SCHEMA_SCENARIOS } from "./schemas.ts";
import { SEEK_SCENARIOS } from "./seeking.ts";
import { STREAM_SCENARIOS } from "./streams.ts";
import { SUBSCRIPTION_SCENARIOS } from "./subscriptions.ts";
import { TOPIC_SCENARIOS } from "./topics.ts";

export const SCENARIOS: readonly Scenario[] = [
  ...TOPIC_SCENARIOS,
  ...SUBSCRIPTION_SCENARIOS,
  ...PUBLISHING_SCENARIOS,
  ...DELIVERY_SCENARIOS,
  ...STREAM_SCENARIOS,
  ...EXACTLY_ONCE_SCENARIOS,
  ...SEEK_SCENARIOS,
  ...SCHEMA_SCENARIOS,
];
