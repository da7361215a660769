import type { SteadyScenario } from "./scenario.ts";

type Load = () => Promise<readonly SteadyScenario[]>;

/** By the first word of a scenario's name: our scenarios, then the anchors. */
const MODULES: Readonly<Record<string, readonly Load[]>> = {
  core: [async () => [(await import("./scenarios/core.ts")).coreFullTrip]],
  memory: [
    async () => [(await import("./scenarios/memory.ts")).memoryFullTrip],
    async () => (await import("./anchors/memory.ts")).memoryAnchors,
  ],
  sqs: [
    async () => (await import("./scenarios/sqs.ts")).sqsScenarios,
    async () => (await import("./anchors/sqs.ts")).sqsAnchors,
  ],
  "service-bus": [
    async () => (await import("./scenarios/service-bus.ts")).serviceBusScenarios,
    async () => (await import("./anchors/service-bus.ts")).serviceBusAnchors,
  ],
  pubsub: [
    async () => (await import("./scenarios/pubsub.ts")).pubsubScenarios,
    async () => (await import("./anchors/pubsub.ts")).pubsubAnchors,
  ],
};

/** Loads only one scenario, because the SDKs of the others would take about 50 MB of the measured process. */
export async function loadSteady(name: string): Promise<SteadyScenario> {
  for (const load of MODULES[/^[\w-]+/.exec(name)?.[0] ?? ""] ?? []) {
    // Ours first, so that a measurement of ours does not load the anchors' SDKs.
    // oxlint-disable-next-line no-await-in-loop
    const found = (await load()).find((scenario) => scenario.name === name);
    if (found !== undefined) return found;
  }
  throw new Error(`no scenario "${name}"`);
}
