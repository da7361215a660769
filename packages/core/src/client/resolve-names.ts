import type { EntityRef } from "../driver/entity.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import type { ConsumerOptions } from "../queue-consumer.ts";
import type { CheckedConfig, CheckedEntity } from "./config.ts";
import type { ConnectionUrl } from "./parse-url.ts";

/** Where a definition is: its connection, its entity, and the options of the configuration. */
export interface Route {
  readonly url: ConnectionUrl;
  readonly ref: EntityRef;
  /** The dead letters; undefined for topics, which have none. Exact if the name was configured. */
  readonly deadLetter: EntityRef | undefined;
  /** Options that the configuration gives to all its consumers. */
  readonly consumer: ConsumerOptions;
}

/** Finds the route of a definition. `ownsPath`: whether the path of a scheme's URLs names no entity. */
export function resolveRoute(
  details: DefinitionDetails,
  config: CheckedConfig,
  ownsPath: (scheme: string) => boolean,
): Route {
  const source = details.of ?? details;
  const configName = source.topic ?? source.name;
  const entity = config.queues.get(configName) ?? {};
  const place = placeOf(entity, config.variables.get(variableOf(configName)), config.url, ownsPath);
  const ref = sourceRef(source, place.name, entity, config.prefix);
  const deadLetter = source.kind === "topic" ? undefined : deadLetterRef(ref, entity.deadLetter);
  return {
    url: place.url,
    ref: details.kind === "dead-letter" && deadLetter !== undefined ? deadLetter : ref,
    deadLetter,
    consumer: entity.consumer ?? {},
  };
}

/** Name of the environment variable that moves one definition to another connection. */
export function variableOf(name: string): string {
  return `ANYQUEUE_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}_URL`;
}

/** Makes a reference by a configured name, which is used unchanged: no prefix, and never completed. */
export function exactRef(ref: EntityRef, name: string): EntityRef {
  return { ...ref, name, exact: true };
}

function nameIn({ path }: ConnectionUrl): string | undefined {
  const name = path.replace(/^\/+|\/+$/g, "");
  return name === "" ? undefined : name;
}

/**
 * The path of a queue's own URL is its name. A `name` beside it overrides the path; the URL of a variable
 * overrides both.
 */
function placeOf(
  entity: CheckedEntity,
  variable: ConnectionUrl | undefined,
  fallback: ConnectionUrl,
  ownsPath: (scheme: string) => boolean,
): { url: ConnectionUrl; name: string | undefined } {
  const url = variable ?? entity.url;
  if (url === undefined || ownsPath(url.scheme)) return { url: url ?? fallback, name: entity.name };
  const inPath = nameIn(url);
  const name = variable === undefined ? (entity.name ?? inPath) : (inPath ?? entity.name);
  return { url: { ...url, path: "" }, name };
}

function sourceRef(
  source: DefinitionDetails,
  configured: string | undefined,
  entity: CheckedEntity,
  prefix: string,
): EntityRef {
  const features = source.needs;
  if (source.topic === undefined) {
    const kind = source.kind === "topic" ? "topic" : "queue";
    const ref: EntityRef = { kind, name: prefix + source.name, features };
    return configured === undefined ? ref : exactRef(ref, configured);
  }
  const topic = configured ?? prefix + source.topic;
  const ref: EntityRef = { kind: "subscription", name: source.name, topic, features };
  const { subscriptions = {} } = entity;
  const subscription = Object.hasOwn(subscriptions, source.name) ? subscriptions[source.name] : undefined;
  return subscription === undefined ? ref : exactRef(ref, subscription);
}

function deadLetterRef(source: EntityRef, configured: string | undefined): EntityRef {
  const { exact: _, ...rest } = source;
  const ref: EntityRef = { ...rest, kind: "dead-letter" };
  return configured === undefined ? ref : exactRef(ref, configured);
}
