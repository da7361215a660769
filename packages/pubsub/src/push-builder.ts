import type { InputOf, Source } from "@anyqueue/core";
import type { OutgoingMessage } from "@anyqueue/core/adapter";
import { detailsOf, type DefinitionDetails } from "@anyqueue/core/testing";
import type { PubsubCloudEvent, PushedEnvelope, PushedMessage } from "./push-shapes.ts";
import { encodeMessage } from "./pubsub-wire.ts";

/** One message to push. */
export interface PushRequestMessage<Body> {
  /** The body, as `send` takes it. */
  readonly body: Body;
  /** The application's id. @default the definition's `id` of the body, else `messageId` */
  readonly id?: string | undefined;
  /** The application's attributes. @default none */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Which delivery of the message this is, from 1. @default left out, as without a dead-letter policy */
  readonly attempt?: number | undefined;
  /** Pub/Sub's own id; two pushes with the same id are the same message. @default a new one */
  readonly messageId?: string | undefined;
}

/** Where a push comes from, and when. */
export interface PushOrigin {
  /** Id of the project. @default "my-project" */
  readonly project?: string | undefined;
  /** Name of the subscription. @default the definition's */
  readonly subscription?: string | undefined;
  /** When the message was published. @default 2026-01-01T00:00:00Z */
  readonly publishedAt?: Date | undefined;
}

/** What a push request looks like. */
export interface PushRequestOptions extends PushOrigin {
  /** `"wrapped"`: all as JSON; `"unwrapped"`: data as body, metadata as headers. @default "wrapped" */
  readonly form?: "wrapped" | "unwrapped" | undefined;
  /** URL of the endpoint. @default "http://127.0.0.1:8080/" */
  readonly url?: string | undefined;
  /** The token of the authorization header, such as one of `pushTokens()`. @default no such header */
  readonly token?: string | undefined;
}

const PUBLISHED_AT = new Date("2026-01-01T00:00:00Z");
const USER_AGENT = "CloudPubSub-Google";
let built = 0;

/**
 * Builds the request that Pub/Sub pushes for a message, for tests of a handler. The message is encoded as by
 * `send`. For a server of `node:http`, send the request with `fetch`.
 *
 * @example
 * const handler = createHandler(orders, pushRequests({ trustPlatform: true }), onOrder);
 * const response = await handler(pushRequest(orders, { body: { orderId: "o-1" }, attempt: 3 }));
 *
 * @throws INVALID_ARGUMENT without a definition; INVALID_MESSAGE for a body that its codec cannot encode
 */
export function pushRequest<D extends Source>(
  definition: D,
  message: PushRequestMessage<InputOf<D>>,
  options: PushRequestOptions = {},
): Request {
  const { form = "wrapped", url = "http://127.0.0.1:8080/", token } = options;
  const envelope = envelopeOf(definition, message, options);
  const [body, headers] = form === "wrapped" ? wrapped(envelope) : unwrapped(envelope);
  return new Request(url, {
    method: "POST",
    body,
    headers: {
      "user-agent": USER_AGENT,
      ...headers,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  });
}

/**
 * Builds the CloudEvent that a function with a Pub/Sub trigger gets for a message, for tests of a handler.
 *
 * @example
 * const handler = createHandler(orders, pubsubEvents({ trustPlatform: true }), onOrder);
 * await handler(pubsubEvent(orders, { body: { orderId: "o-1" } }));
 *
 * @throws INVALID_ARGUMENT without a definition; INVALID_MESSAGE for a body that its codec cannot encode
 */
export function pubsubEvent<D extends Source>(
  definition: D,
  message: PushRequestMessage<InputOf<D>>,
  origin: PushOrigin = {},
): PubsubCloudEvent & {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly time: string;
} {
  // The published schema has no delivery attempt.
  const { deliveryAttempt: _, ...data } = envelopeOf(definition, message, origin);
  return {
    specversion: "1.0",
    id: data.message.messageId,
    source: `//pubsub.googleapis.com/projects/${origin.project ?? "my-project"}/topics/${detailsOf(definition).name}`,
    type: "google.cloud.pubsub.topic.v1.messagePublished",
    time: data.message.publishTime,
    data,
  };
}

type BuiltEnvelope = PushedEnvelope & {
  readonly message: PushedMessage & { readonly messageId: string; readonly publishTime: string };
};

function envelopeOf(
  definition: Source,
  message: PushRequestMessage<unknown>,
  { project = "my-project", subscription, publishedAt = PUBLISHED_AT }: PushOrigin,
): BuiltEnvelope {
  const details = detailsOf(definition);
  built += 1;
  const messageId = message.messageId ?? String(built).padStart(16, "1");
  const { data, attributes, orderingKey } = encodeMessage(outgoingOf(details, message, messageId));
  const bytes = Buffer.from(data ?? "");
  const { attempt } = message;
  return {
    message: {
      ...(bytes.length > 0 && { data: bytes.toString("base64") }),
      attributes: attributes ?? {},
      messageId,
      publishTime: publishedAt.toISOString(),
      ...(typeof orderingKey === "string" && { orderingKey }),
    },
    subscription: `projects/${project}/subscriptions/${subscription ?? details.name}`,
    ...(attempt !== undefined && { deliveryAttempt: attempt }),
  };
}

function outgoingOf(
  { codec, id, orderingKey }: DefinitionDetails,
  { body, attributes = {}, id: given }: PushRequestMessage<unknown>,
  messageId: string,
): OutgoingMessage {
  return {
    id: given ?? id?.(body) ?? messageId,
    body: codec.encode(body),
    contentType: codec.contentType,
    attributes,
    ...(orderingKey === undefined ? {} : { orderingKey: orderingKey(body, attributes) }),
  };
}

function wrapped(envelope: BuiltEnvelope): [string, Readonly<Record<string, string>>] {
  const { messageId, publishTime } = envelope.message;
  // The service writes both spellings.
  const message = { ...envelope.message, message_id: messageId, publish_time: publishTime };
  return [JSON.stringify({ ...envelope, message }), { "content-type": "application/json" }];
}

function unwrapped(envelope: BuiltEnvelope): [Uint8Array<ArrayBuffer>, Readonly<Record<string, string>>] {
  const { message, subscription = "", deliveryAttempt } = envelope;
  const { data = "", attributes = {}, messageId, publishTime, orderingKey } = message;
  const headers = {
    ...attributes,
    "x-goog-pubsub-subscription-name": subscription,
    "x-goog-pubsub-message-id": messageId,
    "x-goog-pubsub-publish-time": publishTime,
    ...(orderingKey !== undefined && { "x-goog-pubsub-ordering-key": orderingKey }),
    ...(deliveryAttempt !== undefined && { "x-goog-pubsub-delivery-attempt": String(deliveryAttempt) }),
  };
  return [Buffer.from(data, "base64"), headers];
}
