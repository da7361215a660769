import { loopbackOrRefuse, queueError, readParameters, type QueueError } from "@anyqueue/core/adapter";
import type { ConnectionUrl, EntityRef } from "@anyqueue/core/adapter";
import { invalid } from "./refusal.ts";
import { SQS_QUEUE_NAME } from "./sqs-limits.ts";

/** The parts of a connection URL: `sqs://eu-west-1?endpoint=http://127.0.0.1:4566&account=123456789012`. */
export interface SqsConnectionUrl {
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  /** The account that owns the queues, if it is not the caller's own. */
  readonly account: string | undefined;
}

/** Where one queue is; parsed from its name, its URL or its ARN. */
export interface QueueAddress {
  readonly name: string;
  readonly isFifo: boolean;
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  /** The queue's URL if one was configured; otherwise it is looked up. */
  readonly url?: string | undefined;
  /** Set if the URL points to another server, which then answers instead of the region's. */
  readonly origin?: string | undefined;
  readonly arn?: string | undefined;
}

const REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d+$/;
const ACCOUNT = /^\d{12}$/;
const ARN = /^arn:aws[a-z-]*:sqs:([a-z0-9-]+):(\d{12}):(.+)$/;
/**
 * The domains of every partition and of its IPv6 endpoints, as `@aws-sdk/core` 3.981.0 lists them
 * (2026-11-30). Below, the host names of AWS before them, the legacy form included:
 * https://docs.aws.amazon.com/general/latest/gr/sqs-service.html (2026-11-24).
 */
const AWS_DOMAIN =
  /\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|api\.(?:aws(?:(?:\.hci)?\.ic\.gov|\.scloud)?|amazonwebservices\.(?:com\.cn|eu)|cloud-aws\.adc-e\.uk)|(?:c2s|csp\.hci)\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk)\.?$/;
const AWS_HOST = /^(?:sqs(?:-fips)?\.([a-z0-9-]+)|(?:([a-z0-9-]+)\.)?queue)$/;
/** A VPC endpoint answers for one region, and expects signatures for it. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-internetwork-traffic-privacy.html (2026-11-30) */
const VPC_ENDPOINT = /^vpce-[^.]+\.sqs\.([a-z0-9-]+)\.vpce$/;
/** The region of `queue.amazonaws.com`. */
const FIRST_REGION = "us-east-1";
const FIFO_SUFFIX = ".fifo";
const DEAD_SUFFIX = "-dead";

/** @throws INVALID_ARGUMENT for a bad region, path, parameter, account or endpoint. */
export function readConnectionUrl(url: ConnectionUrl): SqsConnectionUrl {
  const { endpoint, account } = readParameters(url, ["endpoint", "account", "plaintext"]);
  if (url.path !== "" && url.path !== "/") {
    const remedy = 'Write "sqs://region"; queue names come from the definitions or from `queues`.';
    throw invalid(`${url.text}: the URL of a connection has no path`, remedy);
  }
  if (url.authority !== "" && !isRegion(url.authority)) {
    const what = `${url.text}: ${JSON.stringify(url.authority)} is not an AWS region`;
    throw invalid(what, 'Write a region such as "sqs://eu-west-1".');
  }
  if (account !== undefined && !ACCOUNT.test(account)) {
    throw invalid(`${url.text}: account is not 12 digits`, "Write the number of the owner's account.");
  }
  return {
    region: url.authority === "" ? undefined : url.authority,
    endpoint: endpoint === undefined ? undefined : checkEndpoint(endpoint, url),
    account,
  };
}

export function isRegion(text: unknown): boolean {
  return typeof text === "string" && REGION.test(text);
}

/** Accepts a full http(s) URL; plain http only on this machine, or if the connection URL allows it. */
export function checkEndpoint(endpoint: string, url: ConnectionUrl): string {
  if (!/^https?:\/\//i.test(endpoint) || !URL.canParse(endpoint)) {
    throw invalid(
      `${url.text}: endpoint is not an http or https URL`,
      'Write it as "http://127.0.0.1:4566".',
    );
  }
  const { username, password, search, hash } = new URL(endpoint);
  if (username !== "" || password !== "") throw credentialsIn("the endpoint");
  if (search !== "" || hash !== "") {
    throw invalid(`${url.text}: an endpoint has no parameters`, 'Write it as "http://127.0.0.1:4566".');
  }
  loopbackOrRefuse(endpoint, url);
  return endpoint;
}

/** Returns the name (or the configured URL or ARN) of the entity that a definition asks for. */
export function entityOf(ref: EntityRef): string {
  if (ref.kind === "topic") {
    const what = `the topic ${JSON.stringify(ref.name)}: SQS has queues only`;
    const remedy = "Define a queue, or use a provider that has topics.";
    throw queueError("UNSUPPORTED", { what, remedy }, { feature: "topic", remedy });
  }
  if (ref.exact === true) return ref.name;
  const base = ref.topic === undefined ? ref.name : `${ref.topic}-${ref.name}`;
  const isNamedFifo = base.endsWith(FIFO_SUFFIX);
  const isFifo = isNamedFifo || ref.features.includes("ordering") || ref.features.includes("deduplication");
  const plain = isNamedFifo ? base.slice(0, -FIFO_SUFFIX.length) : base;
  return plain + (ref.kind === "dead-letter" ? DEAD_SUFFIX : "") + (isFifo ? FIFO_SUFFIX : "");
}

/** @throws INVALID_ARGUMENT if the text is not a legal name, queue URL or queue ARN. */
export function parseAddress(entity: string): QueueAddress {
  // Names, ARNs and queue URLs contain no `@`: where there is one, a password comes before it.
  if (/@|%40/i.test(entity)) throw credentialsIn("a queue's address");
  const [, region, account, arnName] = ARN.exec(entity) ?? [];
  if (arnName !== undefined && region !== undefined && account !== undefined) {
    return { ...named(arnName, entity), region, account, arn: entity };
  }
  if (!/^https?:\/\//i.test(entity)) return named(entity, entity);
  if (!URL.canParse(entity)) throw illegalName(entity);
  const url = new URL(entity);
  if (url.search !== "" || url.hash !== "") {
    throw invalid("a queue URL with parameters", "Configure what GetQueueUrl returns.");
  }
  const [name = "", owner = ""] = url.pathname.split("/").filter(Boolean).toReversed();
  const hostRegion = regionOf(url.hostname);
  const [, endpointRegion] = VPC_ENDPOINT.exec(url.hostname.replace(AWS_DOMAIN, "")) ?? [];
  return {
    ...named(name, entity),
    url: entity,
    account: ACCOUNT.test(owner) ? owner : undefined,
    region: hostRegion ?? endpointRegion,
    origin: hostRegion === undefined ? url.origin : undefined,
  };
}

/** The name that the queue has as the other kind: FIFO, or standard. */
export function twinOf({ name, isFifo }: QueueAddress): string {
  return isFifo ? name.slice(0, -FIFO_SUFFIX.length) : name + FIFO_SUFFIX;
}

/** Returns undefined if this is not an AWS host for a whole region. */
function regionOf(host: string): string | undefined {
  const name = host.replace(AWS_DOMAIN, "");
  const found = name === host ? null : AWS_HOST.exec(name);
  return found === null ? undefined : (found[1] ?? found[2] ?? FIRST_REGION);
}

function named(name: string, entity: string): Pick<QueueAddress, "name" | "isFifo"> {
  if (!SQS_QUEUE_NAME.test(name)) throw illegalName(entity);
  return { name, isFifo: name.endsWith(FIFO_SUFFIX) };
}

/** Says where the credentials are, and shows nothing of them. */
function credentialsIn(what: string): QueueError {
  return invalid(
    `${what} holds credentials`,
    "Give them to sqs({ credentials }) or leave them to the AWS environment.",
  );
}

function illegalName(entity: string): QueueError {
  return invalid(
    `${JSON.stringify(entity.slice(0, 200))} does not name an SQS queue`,
    'Use up to 80 letters, digits, "-" and "_" (with ".fifo" where ordering or deduplication is needed), a queue URL or a queue ARN.',
  );
}
