import {
  loopbackOrRefuse,
  readParameters,
  type ConnectionUrl,
  type EntityRef,
  type QueueError,
} from "@anyqueue/core/adapter";
import { invalid } from "./refusal.ts";

/** Where a connection goes. */
export interface Place {
  /** `my-namespace.servicebus.windows.net`; undefined if the connection string names it. */
  readonly host: string | undefined;
  /** Host and port of another server. */
  readonly endpoint: string | undefined;
  /** True if the endpoint is an emulator, without TLS. */
  readonly isPlain: boolean;
}

/** One entity, as read from its name. */
export interface Address {
  /** To receive and settle by: `orders`, `orders/Subscriptions/billing`, either with `/$DeadLetterQueue`. */
  readonly path: string;
  /** To send to: the queue, or the topic of a subscription. */
  readonly root: string;
  readonly subscription?: string;
  readonly isDeadLetter: boolean;
}

const DOMAIN = ".servicebus.windows.net";
/** https://learn.microsoft.com/rest/api/servicebus/create-namespace (2026-11-29) */
const NAMESPACE = /^[A-Za-z](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?$/;
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;
/** Queues and topics: up to 260 characters. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas (2026-11-29) */
const ENTITY = /^(?=.{1,260}$)[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/;
/** Subscriptions and rules: up to 50. */
const SUBSCRIPTION = /^(?=.{1,50}$)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const DEAD_LETTERS = "/$DeadLetterQueue";
const SUBSCRIPTION_PATH = /^(.+)\/subscriptions\/([^/]+)$/i;
const ENCRYPTED = /^amqps:\/\//i;

/** @throws INVALID_ARGUMENT for a bad namespace, path, parameter or endpoint. */
export function readPlace(url: ConnectionUrl): Place {
  const { endpoint } = readParameters(url, ["endpoint", "plaintext"]);
  if (url.path !== "" && url.path !== "/") {
    const remedy =
      'Write "service-bus://my-namespace"; entity names come from the definitions or from `queues`.';
    throw invalid(`${url.text}: the URL of a connection has no path`, remedy);
  }
  const at = endpoint === undefined ? undefined : readEndpoint(endpoint, url);
  return {
    host: url.authority === "" ? undefined : hostOf(url.authority, url),
    endpoint: at,
    isPlain: endpoint !== undefined && !ENCRYPTED.test(endpoint),
  };
}

/** A namespace's short name, or its full host name (sovereign clouds have domains of their own). */
function hostOf(authority: string, url: ConnectionUrl): string {
  if (NAMESPACE.test(authority)) return authority + DOMAIN;
  if (authority.includes(".") && HOST.test(authority)) return authority;
  const what = `${url.text}: ${JSON.stringify(authority)} is not a Service Bus namespace`;
  throw invalid(what, 'Write its name, "service-bus://my-namespace", or its full host name.');
}

/** `host:port` of an emulator; `amqps://host[:port]` of a server with TLS, such as a private endpoint. */
function readEndpoint(endpoint: string, url: ConnectionUrl): string {
  const isEncrypted = ENCRYPTED.test(endpoint);
  const place = isEncrypted ? endpoint.replace(ENCRYPTED, "") : endpoint;
  const text = `plain://${place}`;
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  const isPlace =
    parsed !== undefined &&
    parsed.hostname !== "" &&
    !/[/?#@]/.test(place) &&
    (isEncrypted || parsed.port !== "");
  if (!isPlace) {
    const remedy = 'Write "127.0.0.1:5672" for an emulator, "amqps://my-host:5671" for a server with TLS.';
    throw invalid(`${url.text}: endpoint is neither host:port nor amqps://host:port`, remedy);
  }
  loopbackOrRefuse(endpoint, url);
  return place;
}

/** The service's name of the entity that a definition asks for. */
export function entityOf(ref: EntityRef): string {
  if (ref.exact === true) return ref.kind === "dead-letter" ? deadLettersOf(ref.name) : ref.name;
  const plain = ref.topic === undefined ? ref.name : `${ref.topic}/Subscriptions/${ref.name}`;
  return ref.kind === "dead-letter" ? plain + DEAD_LETTERS : plain;
}

/** The dead-letter sub-queue of an entity; a name that already is one stays as it is. */
function deadLettersOf(entity: string): string {
  return entity.toLowerCase().endsWith(DEAD_LETTERS.toLowerCase()) ? entity : entity + DEAD_LETTERS;
}

/** @throws INVALID_ARGUMENT if it cannot name a queue, topic, subscription or dead-letter sub-queue. */
export function parseAddress(entity: string): Address {
  const isDeadLetter = entity.toLowerCase().endsWith(DEAD_LETTERS.toLowerCase());
  const source = isDeadLetter ? entity.slice(0, -DEAD_LETTERS.length) : entity;
  const [, topic, subscription] = SUBSCRIPTION_PATH.exec(source) ?? [];
  if (topic !== undefined && subscription !== undefined) {
    if (!ENTITY.test(topic) || !SUBSCRIPTION.test(subscription)) throw illegalName(entity);
    return { path: entity, root: topic, subscription, isDeadLetter };
  }
  if (!ENTITY.test(source)) throw illegalName(entity);
  return { path: entity, root: source, isDeadLetter };
}

function illegalName(entity: string): QueueError {
  return invalid(
    `${JSON.stringify(entity.slice(0, 300))} does not name a Service Bus entity`,
    'Use letters, digits, ".", "-", "_" and "/" (260 for a queue or topic, 50 for a subscription), or "topic/Subscriptions/name".',
  );
}

/** The content of a connection string, without its secrets. */
export interface ConnectionString {
  /** The host of `Endpoint`, with its port if it has one. */
  readonly host: string;
  readonly entityPath: string | undefined;
  readonly isEmulator: boolean;
}

/**
 * Checks a connection string. Names what is missing, never what is there.
 * @throws INVALID_ARGUMENT
 */
export function readConnectionString(text: unknown): ConnectionString {
  if (typeof text !== "string") throw badString("it is not a string");
  const parts = new Map<string, string>();
  for (const part of text.split(";").filter((each) => each.trim() !== "")) {
    const at = part.indexOf("=");
    if (at <= 0) throw badString('a part of it is no "Name=value"');
    parts.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  const endpoint = parts.get("Endpoint");
  const [, host] = /^sb:\/\/([^/?#@\s]+)\/?$/i.exec(endpoint ?? "") ?? [];
  const missing = [
    "Endpoint",
    ...(parts.has("SharedAccessSignature") ? [] : ["SharedAccessKeyName", "SharedAccessKey"]),
  ];
  const problems = missing
    .filter((name) => (parts.get(name) ?? "") === "")
    .map((name) => `${name} is missing`);
  if (endpoint !== undefined && host === undefined) problems.push('Endpoint is not "sb://host/"');
  if (parts.has("SharedAccessSignature") && parts.has("SharedAccessKey")) {
    problems.push("SharedAccessSignature and SharedAccessKey cannot be combined");
  }
  const flag = parts.get("UseDevelopmentEmulator");
  // The SDK accepts only the lower-case word, and would dial TLS for any other spelling.
  if (flag !== undefined && !/^(?:true|false)$/.test(flag)) {
    problems.push('UseDevelopmentEmulator is neither "true" nor "false", in lower case');
  }
  if (problems.length > 0) throw badString(problems.join("; "));
  return { host: host ?? "", entityPath: parts.get("EntityPath"), isEmulator: flag === "true" };
}

/** The connection string with another endpoint, as the SDK needs it for an emulator. */
export function emulatorString(endpoint: string, given: string | undefined): string {
  const rest = (given ?? ANY_KEY)
    .split(";")
    .filter((part) => !/^\s*(?:Endpoint|UseDevelopmentEmulator)\s*=|^\s*$/.test(part));
  return [`Endpoint=sb://${endpoint}/`, ...rest, "UseDevelopmentEmulator=true"].join(";");
}

/** Emulators accept any key. */
const ANY_KEY = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE";

function badString(why: string): QueueError {
  return invalid(
    `connectionString: ${why}`,
    'Copy it from the portal: "Endpoint=sb://my-namespace.servicebus.windows.net/;SharedAccessKeyName=…;SharedAccessKey=…".',
  );
}
