// What the host sends for a Service Bus trigger: bodies, metadata, and messages for the SDK binding.
// ServiceBusTriggerBindingStrategy and ServiceBusExtensionConfigProvider of azure-sdk-for-net;
// RpcMessageConversion of azure-functions-host (2026-11-29)

import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import rhea from "rhea";
import type { RpcData } from "./functions-worker.ts";

const NEVER = "9999-12-31T23:59:59.9999999Z";
const LOCK_TOKEN = "x-opt-lock-token";

/** Bodies for the default binding. */
export function bodyData(
  messages: readonly ServiceBusReceivedMessage[],
  { isMany, isBinary }: { readonly isMany: boolean; readonly isBinary: boolean },
): RpcData {
  const bodies = messages.map((message) => bytesOf(message));
  if (isBinary) return isMany ? { collectionBytes: { bytes: bodies } } : { bytes: bodies[0] };
  const texts = bodies.map((body) => body.toString());
  // The host leaves empty texts out of a list of texts.
  return isMany
    ? { collectionString: { string: texts.filter((text) => text !== "") } }
    : { string: texts[0] };
}

/** Whole messages for the SDK binding. */
export function modelData(messages: readonly ServiceBusReceivedMessage[], isMany: boolean): RpcData {
  const models = messages.map((message) => ({
    version: "1.0",
    source: "AzureServiceBusReceivedMessage",
    contentType: "application/octet-stream",
    content: contentOf(message),
  }));
  return isMany
    ? { collectionModelBindingData: { modelBindingData: models } }
    : { modelBindingData: models[0] };
}

/** Uses .NET's spelling of names; the library changes it. */
export function triggerMetadata(
  messages: readonly ServiceBusReceivedMessage[],
  isMany: boolean,
): Readonly<Record<string, RpcData>> {
  const all = messages.map((message) => metadataOf(message));
  const [first = { texts: {}, numbers: {}, values: {} }] = all;
  if (!isMany) {
    return {
      ...mapped(first.texts, (text) => (text === undefined ? undefined : { string: text })),
      ...mapped(first.numbers, (number) => ({ int: number })),
      ...mapped(first.values, (value) => ({ json: JSON.stringify(value) })),
    };
  }
  const lists = (of: "texts" | "numbers" | "values", toData: (list: readonly unknown[]) => RpcData): object =>
    Object.fromEntries(
      Object.keys(first[of]).map((name) => [
        `${name}Array`,
        toData(all.map((each) => (each[of] as Readonly<Record<string, unknown>>)[name])),
      ]),
    );
  return {
    ...lists("texts", (list) => ({
      collectionString: { string: list.filter((text) => text !== undefined && text !== "") },
    })),
    ...lists("numbers", (list) => ({ collectionSint64: { sint64: list } })),
    ...lists("values", (list) => ({ json: JSON.stringify(list) })),
  };
}

interface Metadata {
  readonly texts: Readonly<Record<string, string | undefined>>;
  readonly numbers: Readonly<Record<string, number>>;
  readonly values: Readonly<Record<string, unknown>>;
}

function metadataOf(message: ServiceBusReceivedMessage): Metadata {
  const { applicationProperties = {}, enqueuedTimeUtc, expiresAtUtc } = message;
  const isForever = expiresAtUtc === undefined || expiresAtUtc.getUTCFullYear() > 9_999;
  return {
    texts: {
      MessageId: textOf(message.messageId),
      SessionId: message.sessionId,
      CorrelationId: textOf(message.correlationId),
      ContentType: message.contentType,
      Subject: message.subject,
      Label: message.subject,
      ReplyTo: message.replyTo,
      To: message.to,
      LockToken: message.lockToken,
      DeadLetterSource: message.deadLetterSource,
    },
    numbers: {
      SequenceNumber: Number(message.sequenceNumber),
      // .NET counts from one.
      DeliveryCount: (message.deliveryCount ?? 0) + 1,
    },
    values: {
      EnqueuedTimeUtc: enqueuedTimeUtc?.toISOString(),
      ExpiresAtUtc: isForever ? NEVER : expiresAtUtc.toISOString(),
      ApplicationProperties: applicationProperties,
      UserProperties: applicationProperties,
    },
  };
}

/** The lock token as a GUID of .NET, the name of the lock token, and the message as AMQP. */
function contentOf(message: ServiceBusReceivedMessage): Buffer {
  const { applicationProperties = {}, enqueuedTimeUtc = new Date(0) } = message;
  const properties = Object.entries(applicationProperties).map(([name, value]) => [name, value] as const);
  const encoded = rhea.message.encode({
    body: rhea.message.data_section(bytesOf(message)),
    message_id: textOf(message.messageId),
    correlation_id: textOf(message.correlationId),
    content_type: message.contentType,
    subject: message.subject,
    reply_to: message.replyTo,
    group_id: message.sessionId,
    ttl: message.timeToLive,
    delivery_count: (message.deliveryCount ?? 0) + 1,
    application_properties: Object.fromEntries(properties),
    message_annotations: {
      "x-opt-sequence-number": rhea.types.wrap_long(Number(message.sequenceNumber)),
      "x-opt-enqueued-time": rhea.types.wrap_timestamp(enqueuedTimeUtc.getTime()),
      ...(message.deadLetterSource !== undefined && { "x-opt-deadletter-source": message.deadLetterSource }),
    },
  });
  return Buffer.concat([guidBytes(message.lockToken ?? ""), Buffer.from(LOCK_TOKEN), encoded]);
}

/** Reverses the bytes of the first three groups. */
function guidBytes(token: string): Buffer {
  const bytes = Buffer.from(token.replaceAll("-", ""), "hex");
  const parts = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)];
  return Buffer.concat([...parts.map((part) => part.toReversed()), bytes.subarray(8)]);
}

function bytesOf({ body }: ServiceBusReceivedMessage): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body);
  throw new Error("the host is given messages with a data section alone");
}

function textOf(id: ServiceBusReceivedMessage["messageId"]): string | undefined {
  return id === undefined ? undefined : String(id);
}

function mapped<Value>(
  values: Readonly<Record<string, Value>>,
  toData: (value: Value) => RpcData | undefined,
): Readonly<Record<string, RpcData>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const data = toData(value);
      return data === undefined ? [] : [[name, data] as const];
    }),
  );
}
