import { redact, type Delivery, type HandBacks } from "@anyqueue/core/adapter";
import type { PubsubCloudEvent, PushedEnvelope, PushedMessage, PushHeaders } from "./push-shapes.ts";
import { decodeMessage, type PubsubHandle } from "./pubsub-wire.ts";
import { invalid } from "./refusal.ts";

/** A pushed message, and what is known of its origin. */
export interface PushedDelivery {
  readonly delivery: Delivery<PubsubHandle>;
  /** Undefined: the push does not say. */
  readonly subscription: SubscriptionName | undefined;
  /** Identifies the message: each subscription of a topic has a message of its own with the same id. */
  readonly key: string;
}

export interface SubscriptionName {
  readonly project: string;
  readonly id: string;
}

/** What this process knows of earlier deliveries. */
export interface PushCounts {
  /** Deliveries given back before a handler had begun, by the message's key. */
  readonly handBacks: HandBacks;
  /** Failures in this process, for subscriptions that count no deliveries. */
  readonly failures: HandBacks;
}

/**
 * Prefix of an unwrapped push's headers that are not attributes.
 * https://cloud.google.com/pubsub/docs/payload-unwrapping (2026-11-29)
 */
const METADATA = "x-goog-pubsub-";
/** Headers that HTTP, proxies and Google's front end write; no message can set them. */
const TRANSPORT =
  /^(?:accept|accept-.*|authorization|connection|content-length|content-encoding|cookie|expect|forwarded|from|function-execution-id|host|http2-settings|keep-alive|priority|proxy-.*|referer|sec-.*|te|trailer|transfer-encoding|upgrade|upgrade-.*|user-agent|via|x-appengine-.*|x-cloud-trace-context|x-envoy-.*|x-forwarded-.*|x-goog-.*|x-real-ip|x-request-id|x-serverless-.*)$/;
const SUBSCRIPTION = /^projects\/([^/]+)\/subscriptions\/([^/]+)$/;
/** https://googleapis.github.io/google-cloudevents/ (2026-11-29) */
const EVENT_TYPE = "google.cloud.pubsub.topic.v1.messagePublished";

const WRONG_REQUEST =
  "Point a push subscription at this endpoint: wrapped, or unwrapped with its metadata written as headers.";
const WRONG_EVENT =
  "Trigger this function by messages of a Pub/Sub topic, or use the source that fits its trigger.";

/** @throws INVALID_ARGUMENT for a request that is not a push */
export function decodePush(headers: PushHeaders, body: Uint8Array, counts: PushCounts): PushedDelivery {
  // Checked first: attributes are headers here, so a published CloudEvent has its type among the headers.
  if (headers[`${METADATA}message-id`] !== undefined) return decodeUnwrapped(headers, body, counts);
  const eventType = headers["ce-type"];
  if (eventType !== undefined && eventType !== EVENT_TYPE)
    throw invalid(
      `expected a Pub/Sub push request, got a CloudEvent of type ${shown(eventType)}`,
      WRONG_REQUEST,
    );
  const content = parseJson(body);
  const envelope = isRecord(content) && content["specversion"] !== undefined ? content["data"] : content;
  if (!isEnvelope(envelope))
    throw invalid(`expected a Pub/Sub push request, got ${describeBody(content, headers)}`, WRONG_REQUEST);
  return decodeEnvelope(envelope, envelope, counts);
}

/** @throws INVALID_ARGUMENT for an event of another kind */
export function decodeCloudEvent(event: PubsubCloudEvent, counts: PushCounts): PushedDelivery {
  const given: unknown = event;
  if (!isRecord(given) || typeof given["type"] !== "string")
    throw invalid(`expected a CloudEvent, got ${describe(given)}`, WRONG_EVENT);
  if (given["type"] !== EVENT_TYPE)
    throw invalid(`expected a CloudEvent of Pub/Sub, got one of type ${shown(given["type"])}`, WRONG_EVENT);
  const { data } = given;
  if (!isEnvelope(data))
    throw invalid(`expected a message in the CloudEvent's data, got ${describe(data)}`, WRONG_EVENT);
  return decodeEnvelope(data, event, counts);
}

function decodeUnwrapped(headers: PushHeaders, body: Uint8Array, counts: PushCounts): PushedDelivery {
  const metadata = (name: string): string | undefined => headers[`${METADATA}${name}`];
  const attempt = Number(metadata("delivery-attempt") ?? Number.NaN);
  const envelope: PushedEnvelope = {
    message: {
      attributes: Object.fromEntries(Object.entries(headers).filter(([name]) => !TRANSPORT.test(name))),
      messageId: metadata("message-id"),
      publishTime: metadata("publish-time"),
      orderingKey: metadata("ordering-key"),
    },
    subscription: metadata("subscription-name"),
    ...(Number.isSafeInteger(attempt) && { deliveryAttempt: attempt }),
  };
  const decoded = decodeEnvelope(envelope, envelope, counts);
  return { ...decoded, delivery: { ...decoded.delivery, body } };
}

type CheckedEnvelope = PushedEnvelope & { readonly message: PushedMessage };

function decodeEnvelope(envelope: PushedEnvelope, native: unknown, counts: PushCounts): PushedDelivery {
  const message: PushedMessage = envelope.message ?? {};
  const { messageId = snakeCase(message, "message_id"), orderingKey } = message;
  if (typeof messageId !== "string" || messageId === "")
    throw invalid(
      "the pushed message has no messageId",
      "Without it the message cannot be told from others.",
    );
  const problem = problemOf(message);
  const subscription = subscriptionOf(envelope.subscription);
  const key = `${scopeOf(subscription)} ${messageId}`;
  const attempt = attemptOf(envelope, key, counts);
  const decoded = decodeMessage(
    {
      message: {
        messageId,
        data: problem === undefined ? (message.data ?? null) : null,
        attributes: problem === undefined ? (message.attributes ?? null) : null,
        publishTime: timestampOf(message.publishTime ?? snakeCase(message, "publish_time")),
        orderingKey: typeof orderingKey === "string" ? orderingKey : null,
      },
      ...attempt,
    },
    { stream: 0, handedBack: attempt.handedBack },
  );
  const delivery = { ...decoded, native, ...(problem !== undefined && { malformed: problem }) };
  return { delivery, subscription, key };
}

/** The scope of a message's id and ordering key. */
export function scopeOf(subscription: SubscriptionName | undefined): string {
  return subscription === undefined ? "" : `${subscription.project}/${subscription.id}`;
}

/** Google's own count or, without one, what this process saw: never too high, often too low. */
function attemptOf(
  { deliveryAttempt }: PushedEnvelope,
  key: string,
  { handBacks, failures }: PushCounts,
): { readonly deliveryAttempt: number; readonly handedBack: number } {
  if (typeof deliveryAttempt === "number" && deliveryAttempt >= 1)
    return { deliveryAttempt, handedBack: handBacks.of(key) };
  return { deliveryAttempt: failures.of(key) + 1, handedBack: 0 };
}

/** Returns why a message cannot be what somebody published. */
function problemOf({ data, attributes }: PushedMessage): string | undefined {
  if (data !== undefined && data !== null) {
    if (typeof data !== "string")
      return `the pushed message's data is ${describe(data)}, expected base64 text`;
    if (!isBase64(data)) return "the pushed message's data is not base64";
  }
  if (attributes === undefined || attributes === null) return undefined;
  const isTexts =
    isRecord(attributes) && Object.values(attributes).every((value) => typeof value === "string");
  return isTexts ? undefined : "the pushed message's attributes are not all texts";
}

/** Decoding skips invalid characters, which makes the result too short. */
function isBase64(text: string): boolean {
  const digits = text.replace(/={1,2}$/, "").length;
  return digits % 4 !== 1 && Buffer.from(text, "base64").length === Math.floor((digits * 3) / 4);
}

function timestampOf(time: unknown): { readonly seconds: number; readonly nanos: number } | null {
  const ms = time instanceof Date ? time.getTime() : typeof time === "string" ? Date.parse(time) : Number.NaN;
  if (!Number.isFinite(ms)) return null;
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: (ms - seconds * 1_000) * 1_000_000 };
}

function subscriptionOf(name: unknown): SubscriptionName | undefined {
  const [, project, id] = typeof name === "string" ? (SUBSCRIPTION.exec(name) ?? []) : [];
  return project === undefined || id === undefined ? undefined : { project, id };
}

/** The service writes this spelling, too. */
function snakeCase(message: object, name: string): string | undefined {
  const value: unknown = (message as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : undefined;
}

function isEnvelope(value: unknown): value is CheckedEnvelope {
  return isRecord(value) && isRecord(value["message"]);
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** Describes what came, without its data, for whoever pointed something else at this endpoint. */
function describeBody(content: unknown, headers: PushHeaders): string {
  if (content !== undefined) return describe(content);
  const type = headers["content-type"];
  return type === undefined ? "a body that is not JSON" : `a body of type ${shown(type)} that is not JSON`;
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (value instanceof Uint8Array) return "bytes";
  if (!isRecord(value)) return Array.isArray(value) ? "an array" : `a ${typeof value}`;
  if ("Records" in value) return "an event of AWS";
  const keys = Object.keys(value)
    .slice(0, 5)
    .map((key) => key.slice(0, 40))
    .join(", ");
  return keys === "" ? "an empty object" : `an object with ${redact(keys)}`;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
