import type { EntityConfig, QueueConfig } from "@anyqueue/core";
import { connect, loadConfig } from "@anyqueue/core/auto";
import { isDefinitionName, STAND_IN } from "../definition-name.ts";
import { InvokeError } from "./invoke-error.ts";

/** Where a queue is, as the command line and the configuration say. */
export interface QueuePlace {
  /** What a client connects by; the queue is its entity `name`. */
  readonly config: QueueConfig;
  /** Name of the definition. */
  readonly name: string;
  readonly scheme: string;
  /** Region, namespace or project; "" if the environment says it. */
  readonly authority: string;
  readonly parameters: URLSearchParams;
  /** The entity's real name, its URL or its ARN. */
  readonly entity: string;
}

/**
 * Finds the queue of `--queue`: the name of a definition, what only the provider understands (`orders.fifo`, an ARN, a
 * queue's URL), or a connection with the queue's name as its path (`sqs://eu-west-1/orders`).
 * @throws QueueError for a bad configuration, or naming the package to install
 */
export async function findQueue(queue: string, url: string | undefined): Promise<QueuePlace> {
  const place = placeOf(await configFor(queue, url), isDefinitionName(queue) ? queue : STAND_IN);
  // Refuses what the configuration has wrong, before anything starts; opens no connection.
  await (await connect(place.config)).close();
  return place;
}

/** @throws WRONG_PROVIDER */
export function requireProvider(place: QueuePlace, scheme: string, runtime: string): void {
  if (place.scheme === scheme) return;
  throw new InvokeError(
    "WRONG_PROVIDER",
    `${place.name === STAND_IN ? place.entity : place.name} is on ${place.scheme}:, and --runtime ${runtime} is fed by ${scheme}:`,
    `Name a queue of ${scheme}:, with --url or ANYQUEUE_URL, or another runtime.`,
  );
}

async function configFor(queue: string, url: string | undefined): Promise<QueueConfig> {
  // A connection with a queue's name in it; what is http(s) is the queue's own URL.
  const isConnection = /^[a-z][a-z0-9+.-]*:\/\//i.test(queue) && !/^https?:/i.test(queue);
  if (isConnection) return { url: withoutPath(queue), queues: { [STAND_IN]: { url: queue } } };
  const config: QueueConfig = url === undefined ? await loadConfig() : { url };
  if (isDefinitionName(queue)) return config;
  return { ...config, queues: { ...config.queues, [STAND_IN]: queue } };
}

/** What the core makes of a configuration: a queue's own URL wins over the common one, its name over the prefix. */
function placeOf(config: QueueConfig, name: string): QueuePlace {
  const given = config.queues?.[name];
  const own: EntityConfig = typeof given === "string" ? { name: given } : (given ?? {});
  const variable = config.variables?.[`ANYQUEUE_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}_URL`];
  const ownUrl = variable ?? own.url;
  const [, scheme = "", authority = "", path = "", query = ""] =
    /^([^:]+):(?:\/\/([^/?]*)(?:\/([^?]*))?)?(?:\?(.*))?$/.exec(ownUrl ?? config.url) ?? [];
  const pathName = ownUrl === undefined ? "" : decodeURIComponent(path);
  return {
    config,
    name,
    scheme: scheme.toLowerCase(),
    authority: decodeURIComponent(authority),
    parameters: new URLSearchParams(query),
    entity: own.name ?? (pathName === "" ? (config.prefix ?? "") + name : pathName),
  };
}

function withoutPath(url: string): string {
  return url.replace(/^([^:]+:\/\/[^/?]*)\/[^?]*/, "$1");
}
