import { NOT_PLAIN, type AmqpReader } from "./amqp-reader.ts";

// Not imported: docs/decisions/0054.
const { isDeepStrictEqual } = process.getBuiltinModule("node:util");

/** A data section, as rhea shows it. */
class DataSection {
  readonly typecode = 0x75;
  readonly content: Buffer;
  readonly multiple = undefined;

  constructor(content: Buffer) {
    this.content = content;
  }
}

/**
 * A message with only the usual values, under rhea's names; absent values are undefined. To get the same,
 * rhea makes three objects for each value.
 */
export class PlainMessage {
  body: unknown = undefined;
  message_id: unknown = undefined;
  user_id: unknown = undefined;
  to: unknown = undefined;
  subject: unknown = undefined;
  reply_to: unknown = undefined;
  correlation_id: unknown = undefined;
  content_type: unknown = undefined;
  content_encoding: unknown = undefined;
  absolute_expiry_time: unknown = undefined;
  creation_time: unknown = undefined;
  group_id: unknown = undefined;
  group_sequence: unknown = undefined;
  reply_to_group_id: unknown = undefined;
  durable: unknown = undefined;
  priority: unknown = undefined;
  ttl: unknown = undefined;
  first_acquirer: unknown = undefined;
  delivery_count: unknown = undefined;
  delivery_annotations: Record<string, unknown> | undefined = undefined;
  message_annotations: Record<string, unknown> | undefined = undefined;
  application_properties: Record<string, unknown> | undefined = undefined;

  /**
   * @param end of the message's bytes
   * @throws NOT_PLAIN
   */
  static read(reader: AmqpReader, end: number): PlainMessage {
    const message = new PlainMessage();
    // At least one section: rhea refuses a message of no bytes.
    do message.#readSection(reader);
    while (reader.at < end);
    if (reader.at !== end) throw NOT_PLAIN;
    return message;
  }

  /** Whether rhea has read the same message. */
  isLike(others: Readonly<Record<string, unknown>>): boolean {
    const own: Record<string, unknown> = Object.fromEntries(Object.entries(this));
    return [...Object.keys(own), ...Object.keys(others)].every((name) =>
      isDeepStrictEqual(withoutClass(own[name]), withoutClass(others[name])),
    );
  }

  #readSection(reader: AmqpReader): void {
    switch (reader.descriptor()) {
      case 0x70:
        this.#readFields(reader, HEADER);
        return;
      case 0x71:
        this.delivery_annotations = reader.map();
        return;
      case 0x72:
        this.message_annotations = reader.map();
        return;
      case 0x73:
        this.#readFields(reader, PROPERTIES);
        return;
      case 0x74:
        this.application_properties = reader.map();
        return;
      case 0x75:
        // Left to rhea: a body in several pieces, or a second body.
        if (this.body !== undefined) throw NOT_PLAIN;
        this.body = new DataSection(reader.binary());
        return;
      case 0x77:
        if (this.body !== undefined) throw NOT_PLAIN;
        this.body = reader.value();
        return;
      default:
        throw NOT_PLAIN;
    }
  }

  #readFields(reader: AmqpReader, names: readonly Field[]): void {
    const count = reader.list();
    for (let index = 0; index < count; index += 1) {
      const value = reader.value();
      const name = names[index];
      if (name === undefined) throw NOT_PLAIN;
      if (value !== null) this[name] = value;
    }
  }
}

type Field = Exclude<
  { [Name in keyof PlainMessage]: unknown extends PlainMessage[Name] ? Name : never }[keyof PlainMessage],
  "body"
>;

/** https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-messaging-v1.0-os.html, 3.2.1 (2026-11-30) */
const HEADER: readonly Field[] = ["durable", "priority", "ttl", "first_acquirer", "delivery_count"];
/** The same, 3.2.4. */
const PROPERTIES: readonly Field[] = [
  "message_id",
  "user_id",
  "to",
  "subject",
  "reply_to",
  "correlation_id",
  "content_type",
  "content_encoding",
  "absolute_expiry_time",
  "creation_time",
  "group_id",
  "group_sequence",
  "reply_to_group_id",
];

function withoutClass(value: unknown): unknown {
  const isSection = typeof value === "object" && value !== null && "typecode" in value;
  return isSection ? { ...value } : value;
}
