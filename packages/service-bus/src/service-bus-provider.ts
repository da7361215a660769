import { suggest, type ConnectionUrl, type Provider, type ProviderContext } from "@anyqueue/core/adapter";
import type { ServiceBusAdministrationClient, ServiceBusClient, TokenCredential } from "@azure/service-bus";
import { createFactory, OWN_SETTINGS, type ServiceBusClientSettings } from "./client-factory.ts";
import { NamespaceConnection } from "./namespace-connection.ts";
import { invalid } from "./refusal.ts";
import { ServiceBusAdapter } from "./service-bus-adapter.ts";
import { PREMIUM_MAX_MESSAGE_BYTES, STANDARD_MAX_MESSAGE_BYTES } from "./service-bus-limits.ts";
import { field } from "./field.ts";
import { readConnectionString, readPlace } from "./service-bus-url.ts";
import type { SubscriptionRule } from "./subscription-rule.ts";
import { ruleProblems, SubscriptionRules } from "./subscription-rules.ts";

/** How to reach Service Bus: with a connection string, a credential, or an SDK client of your own. */
export interface ServiceBusOptions {
  /**
   * Connection string of the namespace or of one entity, with a shared access key: a secret. Excludes
   * `credential`. Its host must be the URL's, if that names one. @default none: a credential
   */
  readonly connectionString?: string | undefined;
  /**
   * Gives tokens of Microsoft Entra ID. A request that takes longer than 4 s fails.
   * @default `DefaultAzureCredential` of `@azure/identity`, if that is installed
   */
  readonly credential?: TokenCredential | undefined;
  /**
   * An SDK client of your own, instead of the other ways to connect. It is used as it is, and `close()`
   * leaves it open. Build it with `retryOptions: { maxRetries: 0 }`, because the SDK repeats sends whose
   * answer was lost. @default one of its own
   */
  readonly client?: ServiceBusClient | undefined;
  /**
   * The SDK's administration client, for `client.admin` and the checks at the start; only beside `client`.
   * @default none: `client.admin` rejects with INVALID_ARGUMENT
   */
  readonly administrationClient?: ServiceBusAdministrationClient | undefined;
  /**
   * Entities that require sessions although no definition says so: the service's own names, subscriptions as
   * `"topic/Subscriptions/name"`. Needed only if the entity's settings may not be read.
   * @default those whose definition is ordered
   */
  readonly sessionEntities?: readonly string[] | undefined;
  /**
   * True: the driver's `cancelBatch` can cancel delayed messages. Each due time is then scheduled by a
   * request of its own, which the Standard tier counts ten times. False: they travel in ordinary batches.
   * @default false
   */
  readonly cancellable?: boolean | undefined;
  /**
   * Largest message in bytes, with its headers. Give it for the entities of a Premium namespace, which take 1 MB,
   * or up to 100 MB if their own limit was raised: 262,144 to 104,857,600. An entity that takes less refuses what is
   * larger with MESSAGE_TOO_LARGE. @default 262144, the limit of the Standard tier
   */
  readonly maxMessageBytes?: number | undefined;
  /**
   * Rules that `client.admin.create` gives to subscriptions, by `"topic/subscription"`. Use the names of the
   * definitions, or those with the prefix for that environment alone.
   * @default one rule that lets everything pass
   */
  readonly rules?: Readonly<Record<string, readonly SubscriptionRule[]>> | undefined;
  /**
   * Further settings of the SDK client, such as `webSocketOptions`. Those that keep messages safe (retries)
   * are reserved for the adapter, and refused here. @default none
   */
  readonly clientOptions?: ServiceBusClientSettings | undefined;
}

/** The features that one entity can have at once: all. Sessions and duplicate detection are independent. */
export type ServiceBusModes = ("ordering" | "deduplication" | "delay" | "ttl")[];

const OPTIONS = [
  "connectionString",
  "credential",
  "client",
  "administrationClient",
  "sessionEntities",
  "cancellable",
  "maxMessageBytes",
  "rules",
  "clientOptions",
] as const;
/** None of these can be combined with `client`. */
const CONNECTION_OPTIONS = ["connectionString", "credential", "clientOptions"] as const;

/**
 * Azure Service Bus, for `createClient`. URLs are `service-bus://<namespace>` with `?endpoint=` and
 * `?plaintext=allow`. The SDK (`@azure/service-bus`) is loaded with the first call. All producers and
 * consumers of a namespace share one connection.
 *
 * @example
 * const client = createClient("service-bus://my-namespace", [serviceBus()]);
 * const other = createClient("service-bus:", [
 *   serviceBus({ connectionString: process.env["SERVICE_BUS_CONNECTION_STRING"] }),
 * ]);
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function serviceBus(options: ServiceBusOptions = {}): Provider<"service-bus", ServiceBusModes> {
  checkOptions(options);
  const settled = Object.freeze({ ...options });
  /** One connection per namespace, whatever else the URLs say (rule D8). */
  const connections = new Map<string, NamespaceConnection>();
  return Object.freeze({
    scheme: "service-bus" as const,
    connect: (url: ConnectionUrl, context: ProviderContext) => connect(settled, connections, url, context),
  });
}

function connect(
  options: ServiceBusOptions,
  connections: Map<string, NamespaceConnection>,
  url: ConnectionUrl,
  { clock, prefix = "" }: ProviderContext,
): ServiceBusAdapter {
  const place = readPlace(url);
  const key = JSON.stringify([place.host?.toLowerCase(), place.endpoint]);
  let connection = connections.get(key);
  if (connection === undefined) {
    connection = new NamespaceConnection(createFactory(place, options));
    connections.set(key, connection);
  }
  const host = place.host ?? options.client?.fullyQualifiedNamespace ?? hostOf(options.connectionString);
  return new ServiceBusAdapter({
    connection,
    namespace: host.replace(/\.servicebus\.windows\.net$/i, ""),
    sessionEntities: new Set((options.sessionEntities ?? []).map((name) => name.toLowerCase())),
    canCancel: options.cancellable === true,
    maxMessageBytes: options.maxMessageBytes ?? STANDARD_MAX_MESSAGE_BYTES,
    rules: new SubscriptionRules(options.rules ?? {}, prefix),
    clock,
  });
}

function hostOf(connectionString: string | undefined): string {
  return connectionString === undefined ? "" : readConnectionString(connectionString).host;
}

function checkOptions(options: ServiceBusOptions): void {
  if (typeof options !== "object" || options === null) {
    throw invalid(
      "serviceBus(): expected an object of options",
      "Write serviceBus() or serviceBus({ connectionString }).",
    );
  }
  const problems = Object.keys(options)
    .filter((key) => !OPTIONS.some((known) => known === key))
    .map((key) => unknownOption(key));
  problems.push(...clientProblems(options), ...valueProblems(options));
  if (problems.length > 0) {
    throw invalid(
      `serviceBus(): ${problems.join("; ")}`,
      "Correct the options; every problem found is listed.",
    );
  }
  if (options.connectionString !== undefined) readConnectionString(options.connectionString);
}

function clientProblems(options: ServiceBusOptions): readonly string[] {
  const { client, administrationClient, credential, connectionString, clientOptions } = options;
  if (clientOptions !== undefined && (typeof clientOptions !== "object" || clientOptions === null))
    return ["`clientOptions` is not an object"];
  const problems = Object.entries(OWN_SETTINGS)
    .filter(([setting]) => Object.hasOwn(clientOptions ?? {}, setting))
    .map(([setting, why]) => `clientOptions.${setting} is the adapter's own: ${why}`);
  if (client !== undefined && typeof field(client, "createReceiver") !== "function") {
    problems.push("`client` is not a ServiceBusClient");
  }
  if (administrationClient !== undefined) {
    if (typeof field(administrationClient, "getQueue") !== "function") {
      problems.push("`administrationClient` is not a ServiceBusAdministrationClient");
    }
    if (client === undefined) problems.push("`administrationClient` needs `client` beside it");
  }
  if (credential !== undefined && typeof field(credential, "getToken") !== "function") {
    problems.push("`credential` is not a TokenCredential");
  }
  if (credential !== undefined && connectionString !== undefined) {
    problems.push("`connectionString` and `credential` cannot be combined");
  }
  if (client === undefined) return problems;
  const beside = CONNECTION_OPTIONS.filter((key) => options[key] !== undefined);
  return [...problems, ...beside.map((key) => `\`client\` and \`${key}\` cannot be combined`)];
}

function valueProblems(options: ServiceBusOptions): readonly string[] {
  const { sessionEntities, cancellable, maxMessageBytes = STANDARD_MAX_MESSAGE_BYTES, rules } = options;
  const isList =
    sessionEntities === undefined ||
    (Array.isArray(sessionEntities) && sessionEntities.every((name) => typeof name === "string"));
  const isFlag = cancellable === undefined || typeof cancellable === "boolean";
  const isSize =
    Number.isInteger(maxMessageBytes) &&
    maxMessageBytes >= STANDARD_MAX_MESSAGE_BYTES &&
    maxMessageBytes <= PREMIUM_MAX_MESSAGE_BYTES;
  return [
    ...(isList ? [] : ["`sessionEntities` is not a list of names"]),
    ...(isFlag ? [] : ["`cancellable` must be true or false"]),
    ...(isSize
      ? []
      : [
          `\`maxMessageBytes\` must be a whole number from ${STANDARD_MAX_MESSAGE_BYTES} to ${PREMIUM_MAX_MESSAGE_BYTES}`,
        ]),
    ...ruleProblems(rules),
  ];
}

function unknownOption(key: string): string {
  const meant = suggest(key, OPTIONS);
  return `unknown option ${JSON.stringify(key)} (${meant === undefined ? `known: ${OPTIONS.join(", ")}` : `did you mean "${meant}"?`})`;
}
