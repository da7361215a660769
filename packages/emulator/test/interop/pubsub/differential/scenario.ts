import type { World } from "./driven-server.ts";

/** A script of client calls with the outcome that Pub/Sub documents, or on which its clients rely. */
export interface Scenario {
  /** What happens, as a sentence. It is also the scenario's name in the tables of differences. */
  readonly title: string;
  readonly outcome: unknown;
  run(world: World): Promise<unknown>;
}

export function scenario(title: string, outcome: unknown, run: (world: World) => Promise<unknown>): Scenario {
  return { title, outcome, run };
}
