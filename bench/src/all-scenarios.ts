import { memoryAnchors } from "./anchors/memory.ts";
import { pubsubAnchors } from "./anchors/pubsub.ts";
import { serviceBusAnchors } from "./anchors/service-bus.ts";
import { sqsAnchors } from "./anchors/sqs.ts";
import type { ColdScenario, Scenario, SteadyScenario } from "./scenario.ts";
import { coldScenarios } from "./scenarios/cold.ts";
import { coreFullTrip } from "./scenarios/core.ts";
import { memoryFullTrip } from "./scenarios/memory.ts";
import { pubsubScenarios } from "./scenarios/pubsub.ts";
import { serviceBusScenarios } from "./scenarios/service-bus.ts";
import { sqsScenarios } from "./scenarios/sqs.ts";

const STEADY: readonly SteadyScenario[] = [
  coreFullTrip,
  memoryFullTrip,
  ...memoryAnchors,
  ...sqsScenarios,
  ...sqsAnchors,
  ...serviceBusScenarios,
  ...serviceBusAnchors,
  ...pubsubScenarios,
  ...pubsubAnchors,
];

export function findScenario(name: string): Scenario {
  const found = [...STEADY, ...coldScenarios].find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario "${name}"`);
  return found;
}

export function isCold(scenario: Scenario): scenario is ColdScenario {
  return "cold" in scenario;
}
