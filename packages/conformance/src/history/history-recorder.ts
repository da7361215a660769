import { randomUUID } from "node:crypto";
import {
  DeadLetterError,
  isQueueError,
  RetryError,
  type DrainReport,
  type Handler,
  type HandlerContext,
  type QueueProducer,
  type SendOptions,
  type Sent,
} from "@anyqueue/core";
import type { Feature, Provider } from "@anyqueue/core/adapter";
import type { HandleResult } from "./history-event.ts";
import type { HistorySink } from "./history-writer.ts";
import { messageHash } from "./message-hash.ts";
import { recordingAdapter, Tagged, type LeaseOf } from "./recording-adapter.ts";

/** What a recorded send knows about its position in an order. */
export interface RecordedSend {
  /** Its ordering key. @default none */
  readonly key?: string;
  /** Position among the messages of the key and this process, ascending. */
  readonly kseq?: number;
  /** Its deduplication id, if the service deduplicates. @default none */
  readonly dedup?: string;
  /** The delay with which it is sent, in milliseconds. @default none */
  readonly delayMs?: number;
  /** Its time to live, in milliseconds. @default none */
  readonly ttlMs?: number;
}

/**
 * Writes down what a process's producers and its one consumer do, for `checkHistory` to judge.
 *
 * @example
 * const recorder = new HistoryRecorder(new HistoryWriter("histories/run-7", "worker-1"));
 * const client = createClient(url, [recorder.provider(sqs())]);
 * await client.consumer(orders).run(recorder.handler(onOrder));
 */
export class HistoryRecorder {
  readonly #sink: HistorySink;
  readonly #consumer: string;
  readonly #leaseOf: LeaseOf | undefined;
  /** How the run of each hand-over ended, until it is settled. */
  readonly #results = new Map<string, HandleResult>();
  readonly #handled = new Set<string>();

  /**
   * @param consumer name of the consumer of this process, unique in it
   * @param leaseOf the service's name for a hand-over, for a run in which the service keeps its own record
   */
  constructor(sink: HistorySink, consumer = "consumer", leaseOf?: LeaseOf) {
    this.#sink = sink;
    this.#consumer = consumer;
    this.#leaseOf = leaseOf;
  }

  /** The same provider, but records hand-overs, settlements and renewals; `message.native` is a `Tagged`. */
  provider<Scheme extends string, Modes extends Feature[]>(
    provider: Provider<Scheme, Modes>,
  ): Provider<Scheme, Modes> {
    const meaning = {
      consumer: this.#consumer,
      leaseOf: this.#leaseOf,
      meansDead: (tok: string, mid: string) => this.#meansDead(tok, mid),
    };
    return {
      ...provider,
      connect: (url, context) => recordingAdapter(provider.connect(url, context), this.#sink, meaning),
    };
  }

  /** Sends, and records the outcome. Bodies are JSON unless `encode` says otherwise. */
  async send<Body, Uses extends Feature>(
    producer: QueueProducer<Body, Uses>,
    dest: string,
    body: Body,
    options: SendOptions<Uses> = {},
    place: RecordedSend & { readonly encode?: (body: Body) => Uint8Array } = {},
  ): Promise<Sent> {
    const { encode = encodeJson, ...known } = place;
    const mid = options.id ?? randomUUID();
    const op = this.#sink.operation();
    const hash = messageHash(encode(body), options.attributes ?? {});
    this.#sink.write("send.invoke", op, { mid, dest, hash, ...known });
    try {
      const sent = await producer.send(body, { ...options, id: mid });
      this.#sink.write("send.ok", op, { bid: sent.providerId });
      return sent;
    } catch (error) {
      const isSure = isQueueError(error) && !error.ambiguous;
      const code = isQueueError(error) ? error.code : "INTERNAL";
      this.#sink.write(isSure ? "send.fail" : "send.info", op, { code });
      throw error;
    }
  }

  /** The same handler, but its runs are recorded. */
  handler<Body>(handler: Handler<Body>): Handler<Body> {
    return async (message, context) => {
      const { native } = message;
      if (!(native instanceof Tagged)) {
        throw new TypeError("HistoryRecorder.handler needs a client whose provider went through provider()");
      }
      const { tok } = native;
      // Whoever pulls has no context but the message.
      this.#begin(tok, context, Object.is(message, context));
      try {
        const value: unknown = await handler(message, context);
        // A handler that returned after it was told to stop has done its work: its ack follows.
        // After its own timeout, it counts as failed.
        const result = reasonOf(context.signal.reason) === "TIMEOUT" ? "throw" : "ack";
        this.#end(tok, message.id, result, context.signal.aborted);
        return value;
      } catch (error) {
        this.#end(tok, message.id, resultOf(error), context.signal.aborted);
        throw error;
      }
    };
  }

  /** Call it when the consumer's `close` has resolved. */
  closed({ handled, released, abandoned }: DrainReport): void {
    const report = { handled, released, abandoned };
    this.#sink.write("consumer.close", this.#sink.operation(), { consumer: this.#consumer, report });
  }

  #begin(tok: string, { signal }: HandlerContext, isPulled: boolean): void {
    this.#sink.write("handle.start", this.#sink.operation(), { tok, ...(isPulled && { isPulled }) });
    const onAbort = (): void => {
      this.#sink.write("handle.abort", this.#sink.operation(), { tok, reason: reasonOf(signal.reason) });
    };
    signal.addEventListener("abort", onAbort, { once: true });
  }

  #end(tok: string, mid: string, result: HandleResult, isAborted: boolean): void {
    this.#results.set(tok, result);
    if (result === "ack") this.#handled.add(mid);
    this.#sink.write("handle.end", this.#sink.operation(), { tok, result: isAborted ? "aborted" : result });
  }

  /**
   * If the service has no dead letters, the core copies and then acks. So an ack means the second half of
   * that if it follows an unsuccessful run, or no run of a message that this process has not handled.
   */
  #meansDead(tok: string, mid: string): boolean {
    const result = this.#results.get(tok);
    this.#results.delete(tok);
    return result === undefined ? !this.#handled.has(mid) : result !== "ack";
  }
}

function encodeJson(body: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(body));
}

function resultOf(error: unknown): HandleResult {
  if (error instanceof DeadLetterError) return "dead";
  return error instanceof RetryError ? "retry" : "throw";
}

function reasonOf(reason: unknown): string {
  return isQueueError(reason) ? reason.code : String(reason);
}
