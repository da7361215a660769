import { isDeepStrictEqual } from "node:util";
import { DrivenServer } from "./driven-server.ts";
import type { Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

/** Scenarios wait more than they work. */
const AT_A_TIME = 8;
const SCENARIO_LIMIT_MS = 60_000;

/** What a server did differently than expected, by title of the scenario. */
export async function differencesOf(
  endpoint: string,
  leftOut: readonly string[] = [],
): Promise<Readonly<Record<string, unknown>>> {
  const server = await DrivenServer.connect(endpoint);
  try {
    const waiting = [...SCENARIOS.entries()].filter(([, { title }]) => !leftOut.includes(title));
    const differences: Record<string, unknown> = {};
    const takeTurns = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [number, scenario] = next;
        const seen = await outcomeOf(server, scenario, `scenario-${number}`);
        if (!isDeepStrictEqual(seen, plain(scenario.outcome))) differences[scenario.title] = seen;
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, takeTurns));
    return differences;
  } finally {
    await server.close();
  }
}

async function outcomeOf(server: DrivenServer, { run }: Scenario, project: string): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, SCENARIO_LIMIT_MS, "did not end");
  });
  try {
    return plain(await Promise.race([run(server.inProject(project)), tooLong]));
  } catch (error) {
    return `threw ${String(error instanceof Error ? error.message : error)}`;
  } finally {
    clearTimeout(timer);
  }
}

/** Converts a value to what JSON can express, so that tables of differences can be written down. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}
