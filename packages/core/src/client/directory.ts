import type { EntityFacts, ProbeResult, Target } from "../driver/entity.ts";
import { checkedProbe, resolveTarget } from "../driver/check-driver.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import { orAborted } from "../time/or-aborted.ts";
import type { CheckedConfig } from "./config.ts";
import type { Connection, Connections } from "./connections.ts";
import { exactRef, resolveRoute } from "./resolve-names.ts";
import type { Route } from "./resolve-names.ts";

/** A definition with its connection and its target. */
export interface Place {
  readonly details: DefinitionDetails;
  readonly connection: Connection;
  readonly target: Target;
  readonly route: Route;
}

/** Finds the places of definitions: one connection per URL, names by configuration. */
export class Directory {
  readonly #config: CheckedConfig;
  readonly #connections: Connections;

  constructor(config: CheckedConfig, connections: Connections) {
    this.#config = config;
    this.#connections = connections;
  }

  find(details: DefinitionDetails): Place {
    const route = resolveRoute(details, this.#config, (scheme) => this.#connections.ownsPath(scheme));
    const connection = this.#connections.get(route.url);
    return { details, connection, target: resolveTarget(connection.adapter, route.ref), route };
  }

  /** Prefix of the entity names of the main connection. */
  get prefix(): string {
    return this.#config.prefix;
  }

  get main(): Connection {
    return this.#connections.get(this.#config.url);
  }
}

/** Returns the configured dead-letter entity, else the one set at the service, else the one named by rule. */
export function deadLetterTarget(
  { route, connection, target }: Place,
  facts: EntityFacts | undefined,
): Target {
  const ref = route.deadLetter;
  if (ref === undefined) return target;
  // A service that moves messages itself keeps them in a place of its own, which is found by rule.
  const isByRule = ref.exact === true || target.capabilities.deadLetter === "native";
  const known = isByRule ? undefined : facts?.deadLetterEntity;
  return resolveTarget(connection.adapter, known === undefined ? ref : exactRef(ref, known));
}

/**
 * Probes an entity. Returns undefined if the right is missing, which is never fatal (D13), or if it was
 * aborted.
 * @throws transient errors
 */
export async function probe(
  { connection: { adapter } }: Place,
  target: Target,
  signal: AbortSignal,
): Promise<ProbeResult | undefined> {
  try {
    const look = adapter.probe?.(target, signal);
    return look && checkedProbe(await orAborted<ProbeResult | undefined>(look, signal, () => undefined));
  } catch (error) {
    const failure = wrapDriverError(adapter, target, "probe", error);
    // A later probe will tell. A guess could name a queue that does not hold the dead letters of this one.
    if (failure.retryable && !signal.aborted) throw failure;
    return undefined;
  }
}

/** Finds the dead letters of a source. Asks the service, because its own setting may name another entity. */
export async function locateDeadLetters(
  place: Place,
  directory: Directory,
  signal: AbortSignal,
): Promise<Target> {
  const source = directory.find(place.details.of ?? place.details);
  if (source.route.deadLetter?.exact === true) return deadLetterTarget(source, undefined);
  const probed = await probe(source, source.target, signal);
  return deadLetterTarget(source, probed?.facts);
}
