import { createHash } from "node:crypto";
import type { InputOf, Source } from "@anyqueue/core";
import {
  durationToMs,
  systemClock,
  type Clock,
  type Duration,
  type OutgoingMessage,
} from "@anyqueue/core/adapter";
import { detailsOf, type DefinitionDetails } from "@anyqueue/core/testing";
import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { LambdaContext, SqsEvent, SqsRecord } from "./lambda-wire.ts";
import { encodeMessage } from "./sqs-wire.ts";

/** One message of an event to build. */
export interface LambdaEventMessage<Body> {
  /** The body, as given to `send`. */
  readonly body: Body;
  /** The application's id. @default the definition's `id` of the body, else `messageId` */
  readonly id?: string | undefined;
  /** The application's attributes. @default none */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Which delivery of the message this is, from 1. @default 1 */
  readonly attempt?: number | undefined;
  /** SQS's own id; records that share it are one message. @default one made of its place in the event */
  readonly messageId?: string | undefined;
  /** The receipt handle of this receive. @default one made of `messageId` and `attempt` */
  readonly receiptHandle?: string | undefined;
}

/** Where the event comes from, and when. */
export interface LambdaEventOptions {
  /**
   * Name of the queue; a name that ends with `.fifo` means a FIFO queue. @default the definition's, with
   * ".fifo" if it needs ordering or deduplication
   */
  readonly queue?: string | undefined;
  /** Region of the queue. @default "eu-west-1" */
  readonly region?: string | undefined;
  /** Account of the queue, 12 digits. @default "123456789012" */
  readonly account?: string | undefined;
  /** When the messages were sent. @default 2026-01-01T00:00:00Z */
  readonly sentAt?: Date | undefined;
}

/** A built record. Its types fit a function that is typed with `@types/aws-lambda`. */
export interface LambdaEventRecord extends SqsRecord {
  /** The system attributes of the message. */
  readonly attributes: {
    ApproximateReceiveCount: string;
    SentTimestamp: string;
    SenderId: string;
    ApproximateFirstReceiveTimestamp: string;
    SequenceNumber?: string;
    MessageGroupId?: string;
    MessageDeduplicationId?: string;
  };
  /** The sender's attributes, by name. */
  readonly messageAttributes: Record<
    string,
    { dataType: string; stringValue?: string; binaryValue?: string }
  >;
  /** MD5 of the body, in hexadecimal digits. */
  readonly md5OfBody: string;
}

/**
 * Builds the event that Lambda gives to a function for these messages, for tests of a handler. The messages
 * are encoded as `send` would encode them.
 *
 * @example
 * const handler = createHandler(orders, sqsEvents(), onOrder);
 * const reply = await handler(lambdaEvent(orders, [{ body: { orderId: "o-1" }, attempt: 3 }]), lambdaContext("30s"));
 *
 * @throws INVALID_ARGUMENT for an invalid definition; INVALID_MESSAGE for a body that its codec cannot encode
 */
export function lambdaEvent<D extends Source>(
  definition: D,
  messages: readonly LambdaEventMessage<InputOf<D>>[],
  options: LambdaEventOptions = {},
): SqsEvent & { Records: LambdaEventRecord[] } {
  const details = detailsOf(definition);
  return { Records: messages.map((message, index) => recordOf(details, message, index, options)) };
}

/**
 * Makes the part of Lambda's context that is used here, for a function that has this much time left.
 * @param left time from now on
 * @param clock the clock of the test, if it has one
 * @throws INVALID_ARGUMENT for what is not a duration
 */
export function lambdaContext(left: Duration, clock: Pick<Clock, "now"> = systemClock): LambdaContext {
  const endsAtMs = clock.now() + durationToMs(left, "lambdaContext");
  return { getRemainingTimeInMillis: () => Math.max(0, endsAtMs - clock.now()) };
}

const SENT_AT_MS = Date.UTC(2026, 0, 1);

function recordOf(
  details: DefinitionDetails,
  message: LambdaEventMessage<unknown>,
  index: number,
  { queue, region = "eu-west-1", account = "123456789012", sentAt }: LambdaEventOptions,
): LambdaEventRecord {
  const isFifo = queue?.endsWith(".fifo") ?? needsFifo(details);
  const messageId = message.messageId ?? numberedId(index);
  const outgoing = outgoingOf(details, message, messageId);
  const encoded = encodeMessage(outgoing, isFifo && outgoing.orderingKey === undefined);
  const sentMs = String(sentAt?.getTime() ?? SENT_AT_MS);
  return {
    messageId,
    receiptHandle: message.receiptHandle ?? `receipt-${messageId}-${message.attempt ?? 1}`,
    body: encoded.body,
    attributes: {
      ApproximateReceiveCount: String(message.attempt ?? 1),
      SentTimestamp: sentMs,
      SenderId: account,
      ApproximateFirstReceiveTimestamp: sentMs,
      ...(isFifo && {
        // 20 digits, growing within a group.
        SequenceNumber: String(index + 1).padStart(20, "0"),
        MessageGroupId: outgoing.orderingKey ?? messageId,
        MessageDeduplicationId: outgoing.id,
      }),
    },
    messageAttributes: Object.fromEntries(
      Object.entries(encoded.attributes).map(([name, value]) => [name, attributeOf(value)]),
    ),
    md5OfBody: createHash("md5").update(encoded.body).digest("hex"),
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:${region}:${account}:${queue ?? `${details.name}${isFifo ? ".fifo" : ""}`}`,
    awsRegion: region,
  };
}

function outgoingOf(
  { codec, id, orderingKey }: DefinitionDetails,
  message: LambdaEventMessage<unknown>,
  messageId: string,
): OutgoingMessage {
  const { body, attributes = {} } = message;
  return {
    id: message.id ?? id?.(body) ?? messageId,
    body: codec.encode(body),
    contentType: codec.contentType,
    attributes,
    ...(orderingKey === undefined ? {} : { orderingKey: orderingKey(body, attributes) }),
  };
}

function needsFifo({ needs }: DefinitionDetails): boolean {
  return needs.includes("ordering") || needs.includes("deduplication");
}

function numberedId(index: number): string {
  return `00000000-0000-4000-8000-${String(index + 1).padStart(12, "0")}`;
}

function attributeOf({ DataType = "String", StringValue = "" }: MessageAttributeValue): {
  dataType: string;
  stringValue: string;
} {
  return { dataType: DataType, stringValue: StringValue };
}
