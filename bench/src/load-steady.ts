import type { SteadyScenario } from "./scenario.ts";

type Load = () => Promise<readonly SteadyScenario[]>;

/** By the first word of a name: ours, and everybody else's. */
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

/** Loads one scenario and not the others, whose SDKs would take some 50 MB of the process that is measured. */
export async function loadSteady(name: string): Promise<SteadyScenario> {
  for (const load of MODULES[/^[\w-]+/.exec(name)?.[0] ?? ""] ?? []) {
    // Ours first: where that is meant, the others' SDK is not there either.
    // oxlint-disable-next-line no-await-in-loop
    const found = (await load()).find((scenario) => scenario.name === name);
    if (found !== undefined) return found;
  }
  throw new Error(`no scenario "${name}"`);
}
