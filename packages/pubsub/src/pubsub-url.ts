import { loopbackOrRefuse, readParameters } from "@anyqueue/core/adapter";
import type { ConnectionUrl, EntityRef } from "@anyqueue/core/adapter";
import { PUBSUB_NAME } from "./pubsub-limits.ts";
import { invalid } from "./refusal.ts";

/** What a connection URL says: `pubsub://my-project?endpoint=127.0.0.1:8085`. */
export interface PubsubConnectionUrl {
  readonly project: string | undefined;
  readonly endpoint: Endpoint | undefined;
}

/** A server other than Google's. */
export interface Endpoint {
  /** An IPv6 address keeps its brackets. */
  readonly host: string;
  readonly port: number;
  readonly isEncrypted: boolean;
}

/** The entities that a definition means: a queue has both, a topic and a subscription one. */
export interface PubsubEntity {
  readonly topic: ResourceName | undefined;
  readonly subscription: ResourceName | undefined;
}

/** One topic or subscription; `project` if it is not the connection's. */
export interface ResourceName {
  readonly id: string;
  readonly project: string | undefined;
}

/**
 * Project ids, numbers, and ids inside a domain; emulators take shorter ones.
 * https://cloud.google.com/resource-manager/docs/creating-managing-projects (2026-11-29)
 */
const PROJECT = /^(?:[a-z0-9.-]+:)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const FULL_NAME = /^projects\/([^/]+)\/(topics|subscriptions)\/([^/]+)$/;
const TLS_PORT = 443;
const PLAIN_PORT = 80;
const DEAD_SUFFIX = "-dead";

/** @throws INVALID_ARGUMENT for a bad project, path, parameter or endpoint. */
export function readConnectionUrl(url: ConnectionUrl): PubsubConnectionUrl {
  const { endpoint } = readParameters(url, ["endpoint", "plaintext"]);
  if (url.path !== "" && url.path !== "/") {
    const remedy = 'Write "pubsub://project"; names come from the definitions or from `queues`.';
    throw invalid(`${url.text}: the URL of a connection has no path`, remedy);
  }
  if (url.authority !== "" && !isProject(url.authority)) {
    const what = `${url.text}: ${JSON.stringify(url.authority)} is not a Google Cloud project`;
    throw invalid(what, 'Write a project id such as "pubsub://my-project".');
  }
  return {
    project: url.authority === "" ? undefined : url.authority,
    endpoint: endpoint === undefined ? undefined : checkEndpoint(endpoint, url),
  };
}

export function isProject(text: unknown): boolean {
  return typeof text === "string" && PROJECT.test(text);
}

/** `host:port` and http are plaintext: allowed only on this machine, or if the connection URL says so. */
export function checkEndpoint(endpoint: string, url: ConnectionUrl): Endpoint {
  const [, scheme = "http"] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(endpoint) ?? [];
  const text = endpoint.includes("://") ? endpoint : `http://${endpoint}`;
  if (!/^https?$/i.test(scheme) || !URL.canParse(text)) throw noEndpoint(url);
  const { hostname, port, username, password, pathname, search, hash } = new URL(text);
  if (username !== "" || password !== "") {
    throw invalid(
      "the endpoint holds credentials",
      "Give them to pubsub({ client }) or leave them to Google's application default credentials.",
    );
  }
  if (hostname === "" || pathname !== "/" || search !== "" || hash !== "") throw noEndpoint(url);
  loopbackOrRefuse(endpoint, url);
  const isEncrypted = scheme.toLowerCase() === "https";
  const defaultPort = isEncrypted ? TLS_PORT : PLAIN_PORT;
  return { host: hostname, port: port === "" ? defaultPort : Number(port), isEncrypted };
}

/** The entity's name at the provider. Both halves of a queue have it, or it is `topic/subscription`. */
export function entityOf(ref: EntityRef): string {
  if (ref.exact === true) return ref.name;
  const base = ref.topic === undefined ? ref.name : `${lastPart(ref.topic)}-${ref.name}`;
  // A configured source may be a full name, or name topic and subscription.
  return ref.kind === "dead-letter" ? lastPart(base) + DEAD_SUFFIX : base;
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** @throws INVALID_ARGUMENT if Pub/Sub does not accept a name. */
export function parseEntity(entity: string, ref: EntityRef): PubsubEntity {
  if (ref.kind === "topic") return { topic: resourceName(entity, "topics"), subscription: undefined };
  if (ref.kind === "subscription") {
    const topic = ref.topic === undefined ? undefined : resourceName(ref.topic, "topics");
    return { topic, subscription: resourceName(entity, "subscriptions") };
  }
  const [topic = "", subscription, ...rest] = entity.startsWith("projects/") ? [entity] : entity.split("/");
  if (rest.length > 0) throw illegalName(entity);
  return {
    topic: resourceName(topic, "topics"),
    subscription: resourceName(subscription ?? topic, "subscriptions"),
  };
}

/** A full name of the other kind yields its id: either may configure a queue. */
function resourceName(name: string, kind: "topics" | "subscriptions"): ResourceName {
  const [, project, , id = name] = FULL_NAME.exec(name) ?? [];
  const isLegal = PUBSUB_NAME.test(id) && (project === undefined || isProject(project));
  if (!isLegal) throw illegalName(name, kind === "topics" ? "topic" : "subscription");
  return { id, project };
}

function noEndpoint(url: ConnectionUrl): Error {
  return invalid(
    `${url.text}: endpoint is neither host:port nor an http or https URL of a server`,
    'Write it as "127.0.0.1:8085" or "https://pubsub.example.com".',
  );
}

function illegalName(name: string, kind = "topic or subscription"): Error {
  return invalid(
    `${JSON.stringify(name.slice(0, 300))} does not name a Pub/Sub ${kind}`,
    'Use 3 to 255 of the characters A-Z a-z 0-9 - . _ ~ + %, a letter first and not "goog", or a full name such as "projects/my-project/topics/orders".',
  );
}
