import { queueError } from "@anyqueue/core/adapter";
import type {
  Clock,
  ItemResult,
  OutgoingMessage,
  ProducerDriver,
  SendReceipt,
  Target,
} from "@anyqueue/core/adapter";
import type { SendMessageBatchRequestEntry } from "@aws-sdk/client-sqs";
import { alignReply, inTens } from "./batch-reply.ts";
import { ChecksumError, isIntact } from "./checksum.ts";
import type { SqsQueue } from "./sqs-queue.ts";
import { SQS_LEAST_LIMIT_BYTES, SQS_MAX_SEND_DELAY_MS } from "./sqs-limits.ts";
import { encodeMessage, type EncodedMessage } from "./sqs-wire.ts";

/** Sends to one queue. */
export class SqsProducer implements ProducerDriver {
  readonly takesText: boolean = true;
  readonly #queue: SqsQueue;
  readonly #target: Target;
  readonly #clock: Clock;

  constructor(queue: SqsQueue, target: Target, clock: Clock) {
    this.#queue = queue;
    this.#target = target;
    this.#clock = clock;
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#queue.url(signal);
    // A queue named by its URL is not looked up, so nobody has checked yet that it exists.
    if (this.#queue.address.url !== undefined) await this.#queue.learnLimit(signal);
  }

  sizeOf(message: OutgoingMessage): number {
    return this.#encode(message).bytes;
  }

  async sendBatch(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<SendReceipt>[]> {
    const url = await this.#queue.url(signal);
    const send = (chunk: readonly OutgoingMessage[]): ReturnType<typeof this.sendBatch> =>
      this.#send(url, chunk, signal);
    const largestBytes = this.#largestBytes(messages);
    // The first small messages of a process need not wait for this round trip: they fit every queue.
    if (largestBytes > SQS_LEAST_LIMIT_BYTES && !this.#queue.hasLearnedLimit)
      await this.#queue.learnLimit(signal);
    if (largestBytes > (this.#queue.maxMessageBytes ?? Infinity)) await this.#queue.renewLimit(signal);
    const limitBytes = this.#queue.maxMessageBytes ?? Infinity;
    if (largestBytes <= limitBytes) return await inTens(messages, send);
    const isFitting = (message: OutgoingMessage): boolean => this.sizeOf(message) <= limitBytes;
    const sent = [...(await inTens(messages.filter(isFitting), send))];
    return messages.flatMap((message) =>
      isFitting(message) ? sent.splice(0, 1) : [this.#tooLarge(this.sizeOf(message), limitBytes)],
    );
  }

  async close(): Promise<void> {
    // The connection belongs to the adapter.
  }

  #largestBytes(messages: readonly OutgoingMessage[]): number {
    let largest = 0;
    for (const message of messages) largest = Math.max(largest, this.sizeOf(message));
    return largest;
  }

  async #send(
    url: string,
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<SendReceipt>[]> {
    const entries = messages.map((message, index) => this.#entryOf(message, index));
    const input = { QueueUrl: url, Entries: entries };
    const reply = await this.#queue.call("SendMessageBatchCommand", input, { signal });
    return alignReply(entries.length, reply, (sent, index) => {
      if (!isIntact(entries[index]?.MessageBody ?? "", sent.MD5OfMessageBody)) {
        return {
          ok: false,
          error: new ChecksumError("SQS stored a body with another checksum than the one sent"),
        };
      }
      return { ok: true, value: sent.MessageId === undefined ? {} : { providerId: sent.MessageId } };
    });
  }

  #entryOf(message: OutgoingMessage, index: number): SendMessageBatchRequestEntry {
    const { body, attributes, trace } = this.#encode(message);
    const entry: SendMessageBatchRequestEntry = {
      Id: String(index),
      MessageBody: body,
      MessageAttributes: attributes,
    };
    if (trace !== undefined)
      entry.MessageSystemAttributes = { AWSTraceHeader: { DataType: "String", StringValue: trace } };
    if (this.#queue.isFifo) {
      const token = message.deduplicationId ?? crypto.randomUUID();
      entry.MessageDeduplicationId = token;
      // FIFO needs a group for each message. A message without a key gets its own, and waits for no other.
      entry.MessageGroupId = message.orderingKey ?? token;
    } else if (message.deliverAtMs !== undefined) {
      const delayMs = Math.min(SQS_MAX_SEND_DELAY_MS, message.deliverAtMs - this.#clock.wallNow());
      if (delayMs > 0) entry.DelaySeconds = Math.ceil(delayMs / 1_000);
    }
    return entry;
  }

  /** The core checks the service's limit; this one is the queue's own. */
  #tooLarge(sizeBytes: number, limitBytes: number): ItemResult<SendReceipt> {
    const what = `the message has ${sizeBytes} bytes with its attributes, the queue's MaximumMessageSize is ${limitBytes}`;
    const init = { what, target: this.#target.name, provider: "sqs", operation: "send" } as const;
    return { ok: false, error: queueError("MESSAGE_TOO_LARGE", init, { sizeBytes, limitBytes }) };
  }

  #encode(message: Encodable): EncodedMessage {
    const isAlone = this.#queue.isFifo && message.orderingKey === undefined;
    const known = message[WIRE_FORM];
    // A copy of a message also carries the wire form of its original, perhaps beside other attributes.
    if (known?.of === message && known.isAlone === isAlone) return known;
    const encoded = encodeMessage(message, isAlone);
    if (Object.isExtensible(message)) message[WIRE_FORM] = encoded;
    return encoded;
  }
}

/**
 * `sizeOf` and `sendBatch` see the same message, so it is encoded once and carries the result itself. A
 * WeakMap, which the garbage collector walks again and again, would cost as much as the encoding.
 */
const WIRE_FORM = Symbol("wire form of SQS");

interface Encodable extends OutgoingMessage {
  [WIRE_FORM]?: EncodedMessage;
}
