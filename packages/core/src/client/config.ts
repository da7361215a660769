import { CONSUMER_OPTIONS } from "../consumer/resolve-options.ts";
import { isRecord, kindOf, optionProblems, unknownKeys } from "../errors/check-options.ts";
import { isQueueError, QueueError } from "../errors/queue-error.ts";
import { holdsCredentials } from "../errors/redact.ts";
import type { ConsumerOptions } from "../queue-consumer.ts";
import { parseUrl, type ConnectionUrl } from "./parse-url.ts";

/** The place and name of one queue or topic, if they differ from what its definition's name implies. */
export interface EntityConfig {
  /**
   * The provider's name of the entity, used unchanged: without the prefix, and never completed.
   * @default prefix and definition's name
   */
  readonly name?: string | undefined;
  /**
   * A connection for this entity. A path in it names the entity: `sqs://eu-west-1/old-orders`; `name`
   * overrides it. Its provider must be among those given to `createClient`. @default the client's connection
   */
  readonly url?: string | undefined;
  /**
   * The provider's name of its dead-letter entity, used unchanged.
   * @default the one that the service is configured with, else `<name>-dead`
   */
  readonly deadLetter?: string | undefined;
  /**
   * The provider's names of a topic's subscriptions, by the names of their definitions.
   * @default the definitions' names
   */
  readonly subscriptions?: Readonly<Record<string, string>> | undefined;
  /**
   * Options of all its consumers. They override the definition's policy; options in code override them.
   * @default none
   */
  readonly consumer?: ConsumerOptions | undefined;
}

/**
 * Where a client's queues are. `anyqueue.config.json` has the same shape, and may also have `environments`,
 * which `loadConfig` resolves.
 *
 * @example
 * const config: QueueConfig = {
 *   url: "sqs://eu-west-1",
 *   prefix: "prod-",
 *   queues: { orders: "orders-v2", payments: { url: "service-bus://billing", deadLetter: "failed-payments" } },
 * };
 */
export interface QueueConfig {
  /**
   * The connection: `memory:`, `sqs://eu-west-1`, `service-bus://my-namespace`, `pubsub://my-project`. Must
   * not hold credentials: those are options of the provider. The adapter's page lists the parameters
   * (`?endpoint=…`).
   */
  readonly url: string;
  /**
   * Prefix of every entity name that `queues` does not give, up to 80 letters, digits, `_`, `-` and `.`: one
   * per environment. @default ""
   */
  readonly prefix?: string | undefined;
  /**
   * Exceptions, by the name of the definition; a string is the provider's name of the entity.
   * @default none
   */
  readonly queues?: Readonly<Record<string, string | EntityConfig>> | undefined;
  /**
   * Connections of single queues by environment variable, as `loadConfig` found them:
   * `{ ANYQUEUE_ORDERS_URL: "sqs://…" }`. They override `queues`. @default none
   */
  readonly variables?: Readonly<Record<string, string>> | undefined;
}

/** A configuration after its checks. */
export interface CheckedConfig {
  readonly url: ConnectionUrl;
  readonly prefix: string;
  readonly queues: ReadonlyMap<string, CheckedEntity>;
  readonly variables: ReadonlyMap<string, ConnectionUrl>;
}

/** One entity of a {@link CheckedConfig}. */
export interface CheckedEntity extends Omit<EntityConfig, "url"> {
  readonly url?: ConnectionUrl | undefined;
}

/** Members of a `QueueConfig`. */
export const CONFIG_KEYS: readonly string[] = ["url", "prefix", "queues", "variables"];
const ENTITY_KEYS: readonly string[] = ["name", "url", "deadLetter", "subscriptions", "consumer"];
const MAX_NAME_LENGTH = 2_048;

/** Checks a configuration from code or file. @throws INVALID_ARGUMENT listing every problem. */
export function checkConfig(config: unknown, where = "config"): CheckedConfig {
  const problems: string[] = [];
  const checked = readConfig(typeof config === "string" ? { url: config } : config, where, problems);
  if (checked !== undefined && problems.length === 0) return checked;
  throw new QueueError("INVALID_ARGUMENT", {
    what: problems.join("; "),
    remedy: "Correct the configuration; every problem found is listed.",
  });
}

function readConfig(config: unknown, where: string, problems: string[]): CheckedConfig | undefined {
  if (!isRecord(config)) {
    problems.push(`${where}: expected a URL or an object, got ${kindOf(config)}`);
    return undefined;
  }
  problems.push(...unknownKeys(config, CONFIG_KEYS, where));
  const { prefix = "", queues = {}, variables = {} } = config;
  const url = readUrl(config["url"], `${where}.url`, problems);
  if (typeof prefix !== "string" || !/^[\w.-]{0,80}$/.test(prefix)) {
    problems.push(`${where}.prefix: expected up to 80 of A-Z, a-z, 0-9, "_", "-" and "."`);
  }
  const entities = entriesOf(queues, `${where}.queues`, problems).map(
    ([name, entity]) => [name, readEntity(entity, `${where}.queues.${name}`, problems)] as const,
  );
  const urls = entriesOf(variables, `${where}.variables`, problems).flatMap(([name, value]) => {
    const read = readUrl(value, name, problems);
    return read === undefined ? [] : [[name, read] as const];
  });
  if (url === undefined) return undefined;
  return { url, prefix: String(prefix), queues: new Map(entities), variables: new Map(urls) };
}

function readEntity(given: unknown, where: string, problems: string[]): CheckedEntity {
  const entity = typeof given === "string" ? { name: given } : given;
  if (!isRecord(entity)) {
    problems.push(`${where}: expected a name or an object, got ${kindOf(given)}`);
    return {};
  }
  problems.push(
    ...unknownKeys(entity, ENTITY_KEYS, where),
    ...consumerProblems(entity["consumer"], `${where}.consumer`),
  );
  const url = entity["url"] === undefined ? undefined : readUrl(entity["url"], `${where}.url`, problems);
  for (const [key, name] of [
    ["name", entity["name"]],
    ["deadLetter", entity["deadLetter"]],
    ...entriesOf(entity["subscriptions"] ?? {}, `${where}.subscriptions`, problems).map(
      ([subscription, name]) => [`subscriptions.${subscription}`, name] as const,
    ),
  ] as const) {
    const isName = typeof name === "string" && name !== "" && name.length <= MAX_NAME_LENGTH;
    if (name !== undefined && !isName) problems.push(`${where}.${key}: expected a name, got ${kindOf(name)}`);
    else if (isName && holdsCredentials(name)) problems.push(`${where}.${key}: the name holds credentials`);
  }
  // The cast is safe: every misfit was added to `problems`, which refuse the whole configuration.
  return { ...(entity as Omit<EntityConfig, "url">), url };
}

function consumerProblems(consumer: unknown, where: string): string[] {
  return consumer === undefined ? [] : optionProblems(consumer, CONSUMER_OPTIONS, where);
}

function readUrl(value: unknown, where: string, problems: string[]): ConnectionUrl | undefined {
  if (typeof value !== "string") {
    problems.push(`${where}: expected a connection URL, got ${kindOf(value)}`);
    return undefined;
  }
  try {
    return parseUrl(value, where);
  } catch (error) {
    if (!isQueueError(error)) throw error;
    problems.push(error.message.replaceAll(/^INVALID_ARGUMENT: |\.$/g, ""));
    return undefined;
  }
}

function entriesOf(value: unknown, where: string, problems: string[]): (readonly [string, unknown])[] {
  if (isRecord(value)) return Object.entries(value);
  problems.push(`${where}: expected an object, got ${kindOf(value)}`);
  return [];
}
