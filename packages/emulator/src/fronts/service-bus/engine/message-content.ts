/** AMQP names of the types an application property may have. */
export type PropertyType =
  | "null"
  | "boolean"
  | "ubyte"
  | "ushort"
  | "uint"
  | "ulong"
  | "byte"
  | "short"
  | "int"
  | "long"
  | "float"
  | "double"
  | "char"
  | "string"
  | "symbol"
  | "uuid"
  | "binary"
  | "timestamp"
  /** Anything else (decimals, lists): `value` holds its encoding. Filters see it as NULL. */
  | "opaque";

/**
 * One application property with its type on the wire, which must survive a rewrite.
 * Numbers beyond 2^53 are bigint; `timestamp` is milliseconds since the epoch; `uuid` is the
 * canonical text; `char`, `string` and `symbol` are text; `null` is null.
 */
export interface PropertyValue {
  readonly type: PropertyType;
  readonly value: string | number | bigint | boolean | Uint8Array | null;
}

export type ApplicationProperties = ReadonlyMap<string, PropertyValue>;

/** What the broker itself reads of a message. `undefined` means: the sender did not say. */
export interface MessageProperties {
  /** The edge invents 32 hexadecimal digits where the sender gave none. */
  readonly messageId: string;
  readonly correlationId: string | undefined;
  readonly to: string | undefined;
  readonly replyTo: string | undefined;
  /** Called label in filters. */
  readonly subject: string | undefined;
  readonly contentType: string | undefined;
  readonly sessionId: string | undefined;
  readonly replyToSessionId: string | undefined;
  readonly partitionKey: string | undefined;
  readonly timeToLiveMs: number | undefined;
  /** Engine time (the edge translates), milliseconds since the epoch. */
  readonly scheduledAtMs: number | undefined;
}

/** What a settlement or a rule's action changes. A member that is absent stays as it is. */
export interface ContentChanges {
  readonly properties?: Partial<MessageProperties>;
  /** The whole new set. */
  readonly applicationProperties?: ApplicationProperties;
}

/**
 * What a producer sent. Immutable: a change makes a new one, so that the copies of one message may
 * share it. The AMQP edge implements it over the bare message's bytes, decoding what is asked for.
 */
export interface MessageContent {
  /** Bytes that count against the size of a message and of an entity. */
  readonly sizeBytes: number;
  /** Those of them that are not the body: header, annotations, properties of both kinds. */
  readonly headerBytes: number;
  readonly properties: MessageProperties;
  readonly applicationProperties: ApplicationProperties;
  with(changes: ContentChanges): MessageContent;
}
