import type { OutgoingMessage } from "../driver/delivery.ts";
import { bytesOf } from "../message/codec.ts";

/**
 * A message whose body stays text until its bytes are read. A driver that sends text saves encoding and
 * decoding it. All fields are set at creation, so that all messages have one shape.
 */
export class TextMessage implements OutgoingMessage {
  readonly id: string;
  readonly text: string;
  readonly contentType: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
  readonly deduplicationId?: string;
  readonly deliverAtMs?: number;
  readonly ttlMs?: number;
  readonly correlationId?: string;
  readonly replyTo?: string;
  #body: Uint8Array | undefined;

  constructor(id: string, text: string, contentType: string, attributes: Readonly<Record<string, string>>) {
    this.id = id;
    this.text = text;
    this.contentType = contentType;
    this.attributes = attributes;
  }

  get body(): Uint8Array {
    this.#body ??= bytesOf(this.text);
    return this.#body;
  }
}
