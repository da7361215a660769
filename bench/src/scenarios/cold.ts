import type { ColdScenario } from "../scenario.ts";
import { FAR_SERVICE_BUS } from "./service-bus.ts";

export const coldScenarios: readonly ColdScenario[] = [
  { name: "core: what it allocates", cold: "core-cost" },
  { name: "import: @anyqueue/core", cold: "import-core" },
  { name: "import: the slowest adapter", cold: "import-adapters" },
  { name: "service-bus first send: anyqueue", stub: FAR_SERVICE_BUS, cold: "service-bus-anyqueue" },
  { name: "service-bus first send: SDK", stub: FAR_SERVICE_BUS, cold: "service-bus-sdk" },
];
