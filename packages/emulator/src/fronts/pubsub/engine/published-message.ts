/** What a publisher sends. */
export interface MessageContent {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

/** A message of a topic, shared by all its subscriptions. */
export interface PublishedMessage extends MessageContent {
  /** Increases with every message of the emulator. */
  readonly number: number;
  /** `number` as a decimal string, as clients see it. */
  readonly id: string;
  /** Engine time. */
  readonly publishedAtMs: number;
  /** Size in bytes that counts for limits and flow control. */
  readonly size: number;
}

export function sizeOf(content: MessageContent): number {
  let size = content.data.length + Buffer.byteLength(content.orderingKey);
  for (const [key, value] of Object.entries(content.attributes)) {
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  return size;
}
