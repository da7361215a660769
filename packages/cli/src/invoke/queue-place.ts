import {
  bytes,
  defineQueue,
  defineTopic,
  unchecked,
  type QueueConfig,
  type Source,
  type TopicDefinition,
} from "@anyqueue/core";
import { loadConfig, locate, type Location } from "@anyqueue/core/auto";
import { isDefinitionName, STAND_IN } from "../definition-name.ts";
import { InvokeError } from "./invoke-error.ts";

/** What the command line says about a queue. */
export interface QueueNaming {
  /** The queue, or the topic of a subscription. */
  readonly queue: string;
  readonly subscription: string | undefined;
  /** Undefined: as in the environment and `anyqueue.config.json`. */
  readonly url: string | undefined;
  /** True: the queue keeps the order per key. */
  readonly isOrdered: boolean;
  /** What its applications may emulate. @default nothing */
  readonly emulate?: readonly ("delay" | "ttl")[];
}

/** Where a queue is, according to the command line and the configuration. */
export interface QueuePlace {
  readonly naming: QueueNaming;
  /** Configuration with which a client connects. */
  readonly config: QueueConfig;
  /** Definition for a client. */
  readonly definition: Source<Uint8Array, "ordering">;
  readonly scheme: string;
  /** Region, namespace or project; "" if the environment says it. */
  readonly authority: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** The entity's real name, URL or ARN. */
  readonly entity: string;
}

/**
 * Finds the queue of `--queue`: the name of a definition, a name that only the provider understands
 * (`orders.fifo`, an ARN, a queue's URL), or a connection with the queue's name as its path
 * (`sqs://eu-west-1/orders`). With a subscription, it names the topic.
 * @throws QueueError for a bad configuration, or naming the package to install
 */
export async function findQueue(naming: QueueNaming): Promise<QueuePlace> {
  const { queue, subscription, url } = naming;
  const config = await configFor(queue, url);
  const name = isDefinitionName(queue) ? queue : STAND_IN;
  if (subscription === undefined) return await placeOf(naming, config, defineQueue(name, formOf(naming)));
  const topic: TopicDefinition<Uint8Array, Uint8Array, "ordering"> = defineTopic(name, formOf(naming));
  if (isDefinitionName(subscription)) return await placeOf(naming, config, topic.subscription(subscription));
  const queues = { ...config.queues, [name]: withSubscription(config, name, subscription) };
  return await placeOf(naming, { ...config, queues }, topic.subscription(STAND_IN));
}

/** @throws WRONG_PROVIDER */
export function requireProvider(place: QueuePlace, scheme: string, runtime: string): void {
  if (place.scheme === scheme) return;
  const { name } = place.definition;
  throw new InvokeError(
    "WRONG_PROVIDER",
    `${name === STAND_IN ? place.entity : name} is on ${place.scheme}:, and --runtime ${runtime} is fed by ${scheme}:`,
    `Name a queue of ${scheme}:, with --url or ANYQUEUE_URL, or another runtime.`,
  );
}

/** The platform and the function know what a body is. */
function formOf({ isOrdered, emulate = [] }: QueueNaming) {
  const needs: readonly "ordering"[] = isOrdered ? ["ordering"] : [];
  return { schema: unchecked<Uint8Array>(), codec: bytes(), needs, emulate };
}

async function configFor(queue: string, url: string | undefined): Promise<QueueConfig> {
  // A connection with a queue's name in it; an http(s) URL is the queue's own.
  const isConnection = /^[a-z][a-z0-9+.-]*:\/\//i.test(queue) && !/^https?:/i.test(queue);
  if (isConnection) {
    const [, place = "", name = ""] = /^([^:]+:\/\/[^/?]*)\/?([^?]*)/.exec(queue) ?? [];
    // Otherwise the definition's stand-in would be taken for the queue's name.
    if (name === "")
      throw new InvokeError(
        "NO_SUCH_QUEUE",
        `${place} names no queue`,
        `Write it behind the place: ${place}/orders.`,
      );
    return { url: withoutPath(queue), queues: { [STAND_IN]: { url: queue } } };
  }
  const config: QueueConfig = url === undefined ? await loadConfig() : { url };
  if (isDefinitionName(queue)) return config;
  return { ...config, queues: { ...config.queues, [STAND_IN]: queue } };
}

/** The core finds names, so that a client and this command always read a configuration in the same way. */
async function placeOf(
  naming: QueueNaming,
  config: QueueConfig,
  definition: QueuePlace["definition"],
): Promise<QueuePlace> {
  const { url, target }: Location = await locate(definition, config);
  const { scheme, authority, parameters } = url;
  return { naming, config, definition, scheme, authority, parameters, entity: target.entity };
}

function withSubscription(config: QueueConfig, topic: string, subscription: string) {
  const given = config.queues?.[topic];
  const entity = typeof given === "string" ? { name: given } : given;
  return { ...entity, subscriptions: { ...entity?.subscriptions, [STAND_IN]: subscription } };
}

function withoutPath(url: string): string {
  return url.replace(/^([^:]+:\/\/[^/?]*)\/[^?]*/, "$1");
}
