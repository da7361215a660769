import { CONSUMER_OPTIONS } from "../consumer/resolve-options.ts";
import { each, isRecord, kindOf, optionProblems, type Checks } from "../errors/check-options.ts";
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

const MAX_NAME_LENGTH = 2_048;

const ENTITY: Checks = {
  name: nameProblems,
  url: urlProblems,
  deadLetter: nameProblems,
  subscriptions: each(nameProblems),
  consumer: (options, where) => optionProblems(options, CONSUMER_OPTIONS, where),
};

const CONFIG: Checks = {
  url: urlProblems,
  prefix: (prefix, where) =>
    typeof prefix === "string" && /^[\w.-]{0,80}$/.test(prefix)
      ? []
      : [`${where}: expected up to 80 of A-Z, a-z, 0-9, "_", "-" and "."`],
  queues: each((entity, where) => {
    if (typeof entity === "string") return nameProblems(entity, `${where}.name`);
    if (isRecord(entity)) return optionProblems(entity, ENTITY, where);
    return [`${where}: expected a name or an object, got ${kindOf(entity)}`];
  }),
  variables: each((url, _, variable) => urlProblems(url, variable)),
};

/** Members of a `QueueConfig`. */
export const CONFIG_KEYS: readonly string[] = /* @__PURE__ */ Object.keys(CONFIG);

/** Checks a configuration from code or file. @throws INVALID_ARGUMENT listing every problem. */
export function checkConfig(config: unknown, where = "config"): CheckedConfig {
  const given = typeof config === "string" ? { url: config } : config;
  const problems = isRecord(given)
    ? optionProblems(given, CONFIG, where, ["url"])
    : [`${where}: expected a URL or an object, got ${kindOf(given)}`];
  if (problems.length === 0) return readConfig(given as QueueConfig); // every misfit was refused
  throw new QueueError("INVALID_ARGUMENT", {
    what: problems.join("; "),
    remedy: "Correct the configuration; every problem found is listed.",
  });
}

function readConfig({ url, prefix = "", queues = {}, variables = {} }: QueueConfig): CheckedConfig {
  const entities = Object.entries(queues).map(([name, given]) => [name, readEntity(given)] as const);
  const urls = Object.entries(variables).map(([name, given]) => [name, parseUrl(given)] as const);
  return { url: parseUrl(url), prefix, queues: new Map(entities), variables: new Map(urls) };
}

function readEntity(given: string | EntityConfig): CheckedEntity {
  if (typeof given === "string") return { name: given };
  return { ...given, url: given.url === undefined ? undefined : parseUrl(given.url) };
}

function nameProblems(name: unknown, where: string): string[] {
  if (typeof name !== "string" || name === "" || name.length > MAX_NAME_LENGTH)
    return [`${where}: expected a name, got ${kindOf(name)}`];
  return holdsCredentials(name) ? [`${where}: the name holds credentials`] : [];
}

function urlProblems(url: unknown, where: string): string[] {
  if (typeof url !== "string") return [`${where}: expected a connection URL, got ${kindOf(url)}`];
  try {
    parseUrl(url, where);
    return [];
  } catch (error) {
    if (!isQueueError(error)) throw error;
    return [error.message.replaceAll(/^INVALID_ARGUMENT: |\.$/g, "")];
  }
}
