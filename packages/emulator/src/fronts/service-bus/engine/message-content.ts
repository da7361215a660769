/** AMQP names of the types that an application property may have. */
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
  /** Anything else (decimals, lists): `value` holds the encoded bytes. Filters see NULL. */
  | "opaque";

/**
 * An application property with its wire type, which must survive a rewrite. Numbers beyond 2^53 are bigint;
 * `timestamp` is milliseconds since the epoch; `uuid` is the canonical text; `char`, `string` and `symbol`
 * are text; `null` is null.
 */
export interface PropertyValue {
  readonly type: PropertyType;
  readonly value: string | number | bigint | boolean | Uint8Array | null;
}

export type ApplicationProperties = ReadonlyMap<string, PropertyValue>;

/** What the broker itself reads of a message. `undefined` means that the sender gave no value. */
export interface MessageProperties {
  /** If the sender gave none, the edge makes up 32 hexadecimal digits. */
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
  /** Engine time, translated by the edge, in milliseconds since the epoch. */
  readonly scheduledAtMs: number | undefined;
}

/** Changes made by a settlement or by a rule's action. Absent members stay as they are. */
export interface ContentChanges {
  readonly properties?: Partial<MessageProperties>;
  /** Replaces the whole set. */
  readonly applicationProperties?: ApplicationProperties;
}

/**
 * What a producer sent. Immutable: a change creates a new content, so that the copies of a message can share
 * one. The AMQP edge implements it over the bytes of the bare message, decoding only what is needed.
 */
export interface MessageContent {
  /** Bytes that count towards the size of a message and of an entity. */
  readonly sizeBytes: number;
  /** The part of `sizeBytes` that is not body: header, annotations, both kinds of properties. */
  readonly headerBytes: number;
  readonly properties: MessageProperties;
  readonly applicationProperties: ApplicationProperties;
  with(changes: ContentChanges): MessageContent;
}
