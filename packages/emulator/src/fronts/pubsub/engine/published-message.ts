/** What a publisher gives. */
export interface MessageContent {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

/** A message of a topic. All its subscriptions share one. */
export interface PublishedMessage extends MessageContent {
  /** Rises with every message of the emulator. */
  readonly number: number;
  /** `number` in the decimal digits that clients see. */
  readonly id: string;
  /** Engine time. */
  readonly publishedAtMs: number;
  /** Bytes that count for limits and flow control. */
  readonly size: number;
}

export function sizeOf(content: MessageContent): number {
  let size = content.data.length + Buffer.byteLength(content.orderingKey);
  for (const [key, value] of Object.entries(content.attributes)) {
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  return size;
}
