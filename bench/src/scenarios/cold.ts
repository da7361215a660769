import type { ColdScenario } from "../scenario.ts";
import { PUBSUB } from "./pubsub.ts";
import { FAR_SERVICE_BUS } from "./service-bus.ts";
import { SQS } from "./sqs.ts";

export const coldScenarios: readonly ColdScenario[] = [
  { name: "core: what it allocates", cold: "core-cost" },
  { name: "core: what pending sends hold", cold: "pending-sends" },
  { name: "core: what tracing costs", cold: "tracing-cost" },
  { name: "import: @anyqueue/core", cold: "import-core" },
  { name: "import: the slowest adapter", cold: "import-adapters" },
  { name: "service-bus first send: anyqueue", stub: FAR_SERVICE_BUS, cold: "service-bus-anyqueue" },
  { name: "service-bus first send: SDK", stub: FAR_SERVICE_BUS, cold: "service-bus-sdk" },
  { name: "sqs first send: anyqueue", stub: SQS, cold: "sqs-anyqueue" },
  { name: "sqs first send: SDK", stub: SQS, cold: "sqs-sdk" },
  { name: "pubsub first send: anyqueue", stub: PUBSUB, cold: "pubsub-anyqueue" },
  { name: "pubsub first send: SDK", stub: PUBSUB, cold: "pubsub-sdk" },
];
