import type { Scenario } from "../measure.ts";
import { memoryScenarios } from "./memory.ts";
import {
  serviceBusConsumeScenarios,
  serviceBusRoundTripScenarios,
  serviceBusSendScenarios,
} from "./service-bus.ts";
import { sqsConsumeScenarios } from "./sqs-consume.ts";
import { sqsSendScenarios } from "./sqs-send.ts";

/** Groups of scenarios that do the same job; the first of each group is ours. */
export const GROUPS: readonly (readonly Scenario[])[] = [
  memoryScenarios,
  sqsSendScenarios,
  sqsConsumeScenarios,
  serviceBusRoundTripScenarios,
  serviceBusSendScenarios,
  serviceBusConsumeScenarios,
];

export function findScenario(name: string): Scenario {
  const found = GROUPS.flat().find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario "${name}"`);
  return found;
}
