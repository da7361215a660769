import type { Target } from "../driver/entity.ts";
import { detailsOf, type AnyDefinition } from "../message/queue-definition.ts";
import { systemClock } from "../time/clock.ts";
import { within } from "../time/within.ts";
import { checkConfig, type QueueConfig } from "./config.ts";
import { Connections } from "./connections.ts";
import { Directory } from "./directory.ts";
import type { ConnectionUrl } from "./parse-url.ts";
import type { Provider } from "./provider.ts";

/** Where a definition's entity is. */
export interface Location {
  /** The connection, without the name of the entity. */
  readonly url: ConnectionUrl;
  /** The entity, with its names and capabilities, as a client sees them. */
  readonly target: Target;
}

/** No request was sent, so there is nothing to wait for. */
const CLOSE_WITHIN_MS = 1_000;

/** Returns where a client with this configuration finds a definition. Sends no request. */
export async function locateIn(
  definition: AnyDefinition,
  config: string | QueueConfig,
  providers: readonly Provider[],
): Promise<Location> {
  const connections = new Connections(providers, undefined);
  try {
    const { route, target } = new Directory(checkConfig(config), connections).find(detailsOf(definition));
    return { url: route.url, target };
  } finally {
    const ignore = (): void => {};
    await within(systemClock, CLOSE_WITHIN_MS, connections.close(ignore));
  }
}
