import {
  queueError,
  QueueError,
  systemClock,
  type ItemResult,
  type OutgoingMessage,
  type ProducerDriver,
  type SendReceipt,
  type Target,
} from "@anyqueue/core/adapter";
import type { ServiceBusMessageBatch, ServiceBusSender } from "@azure/service-bus";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { PROVIDER } from "./refusal.ts";
import { encodeBatch } from "./encode-batch.ts";
import { longLived } from "./long-life.ts";
import { readyBatch, takesReadyBatches } from "./ready-batch.ts";
import { planRequests, type SendRequest } from "./send-plan.ts";
import { MAX_BATCH_BYTES, MAX_HEADER_BYTES } from "./service-bus-limits.ts";
import {
  dueAt,
  encodeMessage,
  sequenceNumberOf,
  sizeOfMessage,
  type EncodedMessage,
  type SizedMessage,
  type WireForm,
} from "./service-bus-wire.ts";

type SendResult = ItemResult<SendReceipt>;

/** One message, ready for the SDK. */
interface Prepared extends SizedMessage {
  readonly encoded: EncodedMessage;
  readonly due: Date | undefined;
}

/** Sends to one queue or topic. */
export class ServiceBusProducer implements ProducerDriver {
  /** Absent if delayed messages travel in ordinary batches, which have no numbers to cancel by (rule D4). */
  readonly cancelBatch?: NonNullable<ProducerDriver["cancelBatch"]>;
  readonly #connection: NamespaceConnection;
  readonly #entity: string;
  readonly #target: Target;
  #form: WireForm;
  readonly #check: ((signal: AbortSignal) => Promise<boolean>) | undefined;
  /** `sizeOf` and `sendBatch` see the same message, so that it is encoded only once. */
  readonly #prepared = new WeakMap<OutgoingMessage, Prepared>();
  #sender: Promise<ServiceBusSender> | undefined;
  /** The generation of the client that the sender belongs to. */
  #generation = 0;
  /** The limit that the service stated when the link was opened. */
  #maxBytes: number | undefined;

  /** @param check must pass before anything is sent; resolves with true if messages need new ids */
  constructor(
    connection: NamespaceConnection,
    entity: string,
    target: Target,
    form: WireForm,
    check?: (signal: AbortSignal) => Promise<boolean>,
  ) {
    this.#connection = connection;
    this.#entity = entity;
    this.#target = target;
    this.#form = form;
    this.#check = check;
    if (target.capabilities.cancel) {
      this.cancelBatch = async (tokens, signal) =>
        await Promise.all(tokens.map((token) => this.#cancel(token, signal)));
    }
  }

  async open(signal: AbortSignal): Promise<void> {
    const isDeduplicated = await this.#check?.(signal);
    if (isDeduplicated !== undefined) this.#form = { ...this.#form, isDeduplicated };
    await this.#newBatch(signal);
  }

  sizeOf(message: OutgoingMessage): number {
    return this.#prepare(message).bytes;
  }

  async sendBatch(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<readonly SendResult[]> {
    const prepared = messages.map((message) => this.#prepare(message));
    const results: (SendResult | undefined)[] = prepared.map((each) => this.#tooLarge(each));
    const open = [...prepared.keys()].filter((index) => results[index] === undefined);
    const lines = planRequests(
      open.map((index) => ({
        index,
        bytes: prepared[index]?.bytes ?? 0,
        key: prepared[index]?.encoded.sessionId,
        dueMs: this.#target.capabilities.cancel ? prepared[index]?.due?.getTime() : undefined,
      })),
      Math.min(this.#maxBytes ?? this.#target.limits.send.maxBytes, MAX_BATCH_BYTES),
    );
    // Sessions go side by side, the requests of one session one after the other.
    await Promise.all(
      lines.map(async (line) => {
        let isHeldUp = false;
        for (const request of line) {
          const answers: readonly SendResult[] = isHeldUp
            ? request.indexes.map(() => heldUp())
            : await this.#send(request, prepared, signal);
          for (const [at, index] of request.indexes.entries()) results[index] = answers[at] ?? unanswered();
          isHeldUp ||= this.#form.isOrdered && answers.some((answer) => !answer.ok);
        }
      }),
    );
    return results.map((result) => result ?? unanswered());
  }

  async close(): Promise<void> {
    const sender = await this.#sender?.catch(() => undefined);
    this.#sender = undefined;
    if (sender !== undefined) await this.#connection.closing(() => sender.close(), this.#generation);
  }

  async #send(
    { indexes, dueMs }: SendRequest,
    prepared: readonly Prepared[],
    signal: AbortSignal,
  ): Promise<readonly SendResult[]> {
    const messages = indexes.flatMap((index) => prepared[index]?.encoded ?? []);
    try {
      if (dueMs !== undefined) return await this.#schedule(messages, new Date(dueMs), signal);
      const [first] = messages;
      if (messages.length > 1 || first === undefined) return await this.#sendMany(messages, signal);
      await this.#sendOne(first, signal);
      return [SENT];
    } catch (error) {
      return messages.map(() => ({ ok: false, error }));
    }
  }

  /** Sent alone, because a Premium entity takes a larger message alone than in a batch. */
  async #sendOne(message: EncodedMessage, signal: AbortSignal): Promise<void> {
    await this.#request(signal, (sender, abortSignal) =>
      sender.sendMessages(longLived(message), { abortSignal }),
    );
  }

  /** If a later batch fails, messages already sent stay sent; the rest shares the failure. */
  async #sendMany(messages: readonly EncodedMessage[], signal: AbortSignal): Promise<readonly SendResult[]> {
    const results: SendResult[] = [];
    while (results.length < messages.length) {
      const rest = messages.slice(results.length);
      try {
        const count = await this.#sendSome(rest, signal);
        results.push(...rest.slice(0, count).map(() => SENT));
      } catch (error) {
        results.push(...rest.map((): SendResult => ({ ok: false, error })));
      }
    }
    return results;
  }

  /** Sends as many of the first messages as fit into one batch. @returns how many */
  async #sendSome(messages: readonly EncodedMessage[], signal: AbortSignal): Promise<number> {
    const batch = fill(await this.#newBatch(signal), messages);
    const [first] = messages;
    // One message alone is smaller by itself than with the headers of a batch.
    if (batch.count <= 1 && first !== undefined) await this.#sendOne(first, signal);
    else await this.#request(signal, (sender, abortSignal) => sender.sendMessages(batch, { abortSignal }));
    return Math.max(1, batch.count);
  }

  async #schedule(
    messages: readonly EncodedMessage[],
    due: Date,
    signal: AbortSignal,
  ): Promise<readonly SendResult[]> {
    const numbers = await this.#request(signal, (sender, abortSignal) =>
      sender.scheduleMessages(messages.map(longLived), due, { abortSignal }),
    );
    // No provider id: the message gets another number when it becomes due.
    return numbers.map((number) => ({ ok: true, value: { cancelToken: number.toString() } }));
  }

  async #cancel(token: string, signal: AbortSignal): Promise<ItemResult> {
    try {
      if (!/^\d{1,20}$/.test(token) || BigInt(token) >= 2n ** 64n) throw noToken();
      const number = sequenceNumberOf(token);
      await this.#request(signal, (sender, abortSignal) =>
        sender.cancelScheduledMessages(number, { abortSignal }),
      );
      return { ok: true, value: undefined };
    } catch (error) {
      return { ok: false, error };
    }
  }

  /** Opens the link, and learns how large a message may be. */
  async #newBatch(signal: AbortSignal): Promise<ServiceBusMessageBatch> {
    const batch = await this.#request(signal, (sender, abortSignal) =>
      sender.createMessageBatch({ abortSignal }),
    );
    // Undefined if the service does not state it, which the SDK's type does not say.
    if (batch.maxSizeInBytes > 0) this.#maxBytes = batch.maxSizeInBytes;
    return batch;
  }

  /** Ends a pending send, which may have arrived, when the socket dies: else it waits for its timeout. */
  async #request<Value>(
    signal: AbortSignal,
    work: (sender: ServiceBusSender, abortSignal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    if (signal.aborted) {
      throw new QueueError("CANCELLED", { what: "aborted before the request", cause: signal.reason });
    }
    const sender = await this.#openSender();
    return await this.#connection.abandonable((abandoned) => work(sender, abandoned), signal);
  }

  async #openSender(): Promise<ServiceBusSender> {
    const { generation } = this.#connection;
    if (this.#sender === undefined || this.#generation !== generation) {
      this.#generation = generation;
      this.#sender = this.#connection.call((client) => client.createSender(this.#entity));
    }
    return await this.#sender.catch((error: unknown) => {
      this.#sender = undefined;
      throw error;
    });
  }

  /** Checks the headers, and the entity's own limit as its link states it. The core checks the tier's. */
  #tooLarge({ bytes, headerBytes }: Prepared): SendResult | undefined {
    const limitBytes = this.#maxBytes ?? Number.POSITIVE_INFINITY;
    if (headerBytes > MAX_HEADER_BYTES) {
      return this.#refused("the attributes and other headers of the message", headerBytes, MAX_HEADER_BYTES);
    }
    return bytes > limitBytes
      ? this.#refused("the message with its attributes", bytes, limitBytes)
      : undefined;
  }

  #refused(what: string, sizeBytes: number, limitBytes: number): SendResult {
    const init = {
      what: `${what} have ${sizeBytes} bytes, ${limitBytes} are allowed`,
      target: this.#target.name,
      provider: PROVIDER,
      operation: "send",
    } as const;
    return { ok: false, error: queueError("MESSAGE_TOO_LARGE", init, { sizeBytes, limitBytes }) };
  }

  #prepare(message: OutgoingMessage): Prepared {
    let prepared = this.#prepared.get(message);
    if (prepared === undefined) {
      const encoded = encodeMessage(message, this.#form);
      const due = dueAt(message, this.#form);
      if (due !== undefined && !this.#target.capabilities.cancel) encoded.scheduledEnqueueTimeUtc = due;
      prepared = { ...sizeOfMessage(message, encoded), encoded, due };
      this.#prepared.set(message, prepared);
    }
    return prepared;
  }
}

const SENT: SendResult = Object.freeze({ ok: true, value: Object.freeze({}) });

/** Takes as many of the first messages as fit. `empty` is a batch of the SDK. */
function fill(empty: ServiceBusMessageBatch, messages: readonly EncodedMessage[]): ServiceBusMessageBatch {
  // The SDK encodes with an object for each value and buffers that grow: a third of the cost of a send.
  if (takesReadyBatches(empty) && !messages.some(({ isTyped }) => isTyped)) {
    const maxBytes = empty.maxSizeInBytes > 0 ? empty.maxSizeInBytes : Number.POSITIVE_INFINITY;
    return readyBatch(encodeBatch(messages, maxBytes, systemClock.wallNow()));
  }
  messages.every((message) => empty.tryAddMessage(longLived(message)));
  return empty;
}

/** If it were sent now, it would overtake the message that failed before it. */
function heldUp(): SendResult {
  const what = "an earlier message of its key failed, so this one was not sent";
  return { ok: false, error: new QueueError("UNAVAILABLE", { what, provider: PROVIDER, operation: "send" }) };
}

function unanswered(): SendResult {
  const what = "Service Bus did not answer for this message";
  return {
    ok: false,
    error: new QueueError("INTERNAL", { what, provider: PROVIDER, operation: "send", ambiguous: true }),
  };
}

function noToken(): QueueError {
  return new QueueError("INVALID_ARGUMENT", {
    what: "this is not a cancel token of Service Bus",
    provider: PROVIDER,
    operation: "cancel",
  });
}
