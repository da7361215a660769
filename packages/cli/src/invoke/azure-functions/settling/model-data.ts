// Messages for the SDK binding. ServiceBusExtensionConfigProvider of azure-sdk-for-net (2026-11-29)

import type { TypedData } from "../worker-messages.ts";
import type { Rhea, SdkMessage } from "./app-packages-types.ts";

const LOCK_TOKEN = "x-opt-lock-token";

/** Complete messages, one or a batch. */
export function modelData(rhea: Rhea, messages: readonly SdkMessage[], isMany: boolean): TypedData {
  const models = messages.map((message) => ({
    version: "1.0",
    source: "AzureServiceBusReceivedMessage",
    contentType: "application/octet-stream",
    content: contentOf(rhea, message),
  }));
  const [first] = models;
  return isMany || first === undefined
    ? { collectionModelBindingData: { modelBindingData: models } }
    : { modelBindingData: first };
}

/** The lock token as a .NET GUID, its name, and the message as AMQP. */
function contentOf({ message: codec, types }: Rhea, message: SdkMessage): Uint8Array {
  const { body, messageId, correlationId, enqueuedTimeUtc = new Date(0), deadLetterSource } = message;
  const encoded = codec.encode({
    // A body that was not a data section arrives as a value.
    body: body instanceof Uint8Array ? codec.data_section(body) : body,
    message_id: messageId,
    correlation_id: correlationId,
    content_type: message.contentType,
    subject: message.subject,
    reply_to: message.replyTo,
    group_id: message.sessionId,
    ttl: message.timeToLive,
    // .NET counts from one.
    delivery_count: (message.deliveryCount ?? 0) + 1,
    application_properties: { ...message.applicationProperties },
    message_annotations: {
      "x-opt-sequence-number": types.wrap_long(Number(message.sequenceNumber)),
      "x-opt-enqueued-time": types.wrap_timestamp(enqueuedTimeUtc.getTime()),
      ...(deadLetterSource !== undefined && { "x-opt-deadletter-source": deadLetterSource }),
    },
  });
  return Buffer.concat([guidBytes(message.lockToken ?? ""), Buffer.from(LOCK_TOKEN), encoded]);
}

/** The first three groups are in reverse byte order. */
function guidBytes(token: string): Uint8Array {
  const bytes = Buffer.from(token.replaceAll("-", ""), "hex");
  const parts = [bytes.subarray(0, 4), bytes.subarray(4, 6), bytes.subarray(6, 8)];
  return Buffer.concat([...parts.map((part) => part.toReversed()), bytes.subarray(8)]);
}
