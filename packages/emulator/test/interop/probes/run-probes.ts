import { BEHAVIOUR_PROBES } from "./behaviour-probes.ts";
import { ERROR_PROBES } from "./error-probes.ts";
import { ProbedServer, type Probe } from "./probe.ts";

export const PROBES: readonly Probe[] = [...ERROR_PROBES, ...BEHAVIOUR_PROBES];

/** Failures by claim; undefined if the server behaves like SQS. */
export type ProbeResults = ReadonlyMap<string, string | undefined>;

/** Runs all probes concurrently. Each one has its own queues. */
export async function runProbes(endpoint: string): Promise<ProbeResults> {
  const server = new ProbedServer(endpoint);
  const results = await Promise.all(
    PROBES.map(async (probe): Promise<[string, string | undefined]> => [
      probe.claim,
      await failure(probe, server),
    ]),
  );
  return new Map(results);
}

async function failure(probe: Probe, server: ProbedServer): Promise<string | undefined> {
  try {
    await probe.run(server);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
