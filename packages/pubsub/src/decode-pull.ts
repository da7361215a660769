import type { protos } from "@google-cloud/pubsub";
import { ProtoReader, UnreadableProto } from "./proto-reader.ts";
import { SeenTexts } from "./seen-texts.ts";

type Response = protos.google.pubsub.v1.IStreamingPullResponse;
type ReceivedMessage = protos.google.pubsub.v1.IReceivedMessage;
type PubsubMessage = protos.google.pubsub.v1.IPubsubMessage;
type Timestamp = protos.google.protobuf.ITimestamp;

// Fields of google/pubsub/v1/pubsub.proto as shipped with @google-cloud/pubsub 6.3.0, each as its tag.
const RECEIVED_MESSAGES = 0x0a;
const SUBSCRIPTION_PROPERTIES = 0x22;
const EXACTLY_ONCE = 0x08;
const ORDERED = 0x10;
const ACK_ID = 0x0a;
const MESSAGE = 0x12;
const DELIVERY_ATTEMPT = 0x18;
const DATA = 0x0a;
const ATTRIBUTES = 0x12;
const MESSAGE_ID = 0x1a;
const PUBLISH_TIME = 0x22;
const ORDERING_KEY = 0x2a;
const KEY = 0x0a;
const VALUE = 0x12;
const SECONDS = 0x08;
const NANOS = 0x10;
/** Attribute names and values, cached apart: values that never recur must not displace names. */
const NAMES = new SeenTexts();
const VALUES = new SeenTexts();
/** Results of acknowledgements sent on a stream; this package never sends any there. */
const CONFIRMATIONS: ReadonlySet<number> = new Set([0x2a, 0x1a]);

/**
 * Decodes a response of a stream in one pass, into the form that the SDK returns. The SDK's own decoder makes
 * an object of its own class for each part, then copies all of them into plain objects.
 *
 * @throws UnreadableProto if only the SDK's own decoder can read the bytes
 */
export function decodePullResponse(bytes: Buffer): Response {
  const reader = new ProtoReader(bytes);
  const receivedMessages: ReceivedMessage[] = [];
  const response: Response = { receivedMessages, subscriptionProperties: null };
  while (reader.more(bytes.length)) {
    const tag = reader.tag();
    if (tag === RECEIVED_MESSAGES) receivedMessages.push(receivedMessage(reader));
    else if (tag === SUBSCRIPTION_PROPERTIES) response.subscriptionProperties = properties(reader);
    else if (CONFIRMATIONS.has(tag)) throw new UnreadableProto("confirmations on a stream");
    else reader.skip(tag);
  }
  return response;
}

function receivedMessage(reader: ProtoReader): ReceivedMessage {
  const received: ReceivedMessage = { ackId: "", message: null, deliveryAttempt: 0 };
  for (const end = reader.end(); reader.more(end);) {
    const tag = reader.tag();
    if (tag === ACK_ID) received.ackId = reader.text();
    else if (tag === MESSAGE) received.message = pubsubMessage(reader);
    else if (tag === DELIVERY_ATTEMPT) received.deliveryAttempt = reader.varint();
    else reader.skip(tag);
  }
  return received;
}

function pubsubMessage(reader: ProtoReader): PubsubMessage {
  const attributes: Record<string, string> = {};
  const message: PubsubMessage = {
    attributes,
    data: NOTHING,
    messageId: "",
    publishTime: null,
    orderingKey: "",
  };
  for (const end = reader.end(); reader.more(end);) {
    const tag = reader.tag();
    if (tag === DATA) message.data = reader.view();
    else if (tag === ATTRIBUTES) readAttribute(reader, attributes);
    else if (tag === MESSAGE_ID) message.messageId = reader.text();
    else if (tag === PUBLISH_TIME) message.publishTime = timestamp(reader);
    else if (tag === ORDERING_KEY) message.orderingKey = reader.text();
    else reader.skip(tag);
  }
  return message;
}

function readAttribute(reader: ProtoReader, attributes: Record<string, string>): void {
  let name = "";
  let value = "";
  for (const end = reader.end(); reader.more(end);) {
    const tag = reader.tag();
    if (tag === KEY) name = reader.seenText(NAMES);
    else if (tag === VALUE) value = reader.seenText(VALUES);
    else reader.skip(tag);
  }
  // An assignment to `__proto__` would store no attribute.
  if (name === "__proto__") throw new UnreadableProto("an attribute with the name of the prototype");
  attributes[name] = value;
}

function timestamp(reader: ProtoReader): Timestamp {
  const time: Timestamp = { seconds: "0", nanos: 0 };
  for (const end = reader.end(); reader.more(end);) {
    const tag = reader.tag();
    if (tag === SECONDS) time.seconds = String(reader.varint());
    else if (tag === NANOS) time.nanos = reader.varint();
    else reader.skip(tag);
  }
  return time;
}

function properties(reader: ProtoReader): NonNullable<Response["subscriptionProperties"]> {
  const found = { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: false };
  for (const end = reader.end(); reader.more(end);) {
    const tag = reader.tag();
    if (tag === EXACTLY_ONCE) found.exactlyOnceDeliveryEnabled = reader.varint() !== 0;
    else if (tag === ORDERED) found.messageOrderingEnabled = reader.varint() !== 0;
    else reader.skip(tag);
  }
  return found;
}

const NOTHING = Buffer.alloc(0);
