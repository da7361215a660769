import type { OutgoingMessage } from "@anyqueue/core/adapter";
import type { protos } from "@google-cloud/pubsub";
import { ProtoReader } from "./proto-reader.ts";
import { ProtoWriter } from "./proto-writer.ts";
import { encodeMessage, eachAttribute } from "./pubsub-wire.ts";

type Request = protos.google.pubsub.v1.IPublishRequest;
type Response = protos.google.pubsub.v1.IPublishResponse;

// Fields of google/pubsub/v1/pubsub.proto as shipped with @google-cloud/pubsub 6.3.0, each as its tag.
const TOPIC = 0x0a;
const MESSAGES = 0x12;
const DATA = 0x0a;
const ATTRIBUTES = 0x12;
const ORDERING_KEY = 0x2a;
const KEY = 0x0a;
const VALUE = 0x12;
const MESSAGE_IDS = 0x0a;

/** Attributes are seldom larger; if they are, the writer grows. */
const EXPECTED_ATTRIBUTE_BYTES = 128;

/** A publish request. `encode` writes its bytes; its messages are put into the SDK's form only on demand. */
export class PublishRequest implements Request {
  readonly topic: string;
  #messages: readonly OutgoingMessage[];
  #writer: ProtoWriter | undefined;
  #inSdkForm: NonNullable<Request["messages"]> | undefined;

  constructor(topic: string, messages: readonly OutgoingMessage[]) {
    this.topic = topic;
    this.#messages = messages;
  }

  get messages(): NonNullable<Request["messages"]> {
    this.#inSdkForm ??= this.#messages.map(encodeMessage);
    return this.#inSdkForm;
  }

  /** Writes, in one pass, the bytes that the SDK's own encoder makes from one object per message. */
  encode(): Buffer {
    const writer = new ProtoWriter(expectedBytes(this.topic, this.#messages));
    this.#writer = writer;
    const attribute = (name: string, value: string): void => {
      const start = writer.beginMessage(ATTRIBUTES, 0);
      writer.text(KEY, name);
      writer.text(VALUE, value);
      writer.endMessage(start, 0);
    };
    writer.text(TOPIC, this.topic);
    for (const message of this.#messages) {
      const { orderingKey, text } = message;
      const expected = expectedBodyBytes(message) + EXPECTED_ATTRIBUTE_BYTES;
      const start = writer.beginMessage(MESSAGES, expected);
      if (text === undefined) writer.bytes(DATA, message.body);
      else writer.text(DATA, text);
      eachAttribute(message, attribute);
      if (orderingKey !== undefined) writer.text(ORDERING_KEY, orderingKey);
      writer.endMessage(start, expected);
    }
    return writer.written();
  }

  /**
   * Drops everything that the request carried, once it was answered. gRPC's record of an ended call keeps the
   * request and its bytes, and Node's table of HTTP/2 streams, once it is old, keeps those records until the
   * next full collection.
   */
  release(): void {
    this.#writer?.release();
    this.#writer = undefined;
    this.#messages = [];
    this.#inSdkForm = undefined;
  }
}

/** @throws UnreadableProto */
export function decodePublishResponse(bytes: Buffer): Response {
  const reader = new ProtoReader(bytes);
  const messageIds: string[] = [];
  while (reader.more(bytes.length)) {
    const tag = reader.tag();
    if (tag === MESSAGE_IDS) messageIds.push(reader.text());
    else reader.skip(tag);
  }
  return { messageIds };
}

function expectedBytes(topic: string, messages: readonly OutgoingMessage[]): number {
  let bytes = 2 * topic.length;
  for (const message of messages) bytes += expectedBodyBytes(message) + EXPECTED_ATTRIBUTE_BYTES;
  return bytes;
}

/** For a text its number of characters: the least that it can be, and exact for most texts. */
function expectedBodyBytes(message: OutgoingMessage): number {
  return message.text === undefined ? message.body.byteLength : message.text.length;
}
