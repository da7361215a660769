import { setTimeout as sleep } from "node:timers/promises";
import {
  bytes,
  deadLetters,
  defineQueue,
  isQueueError,
  RetryError,
  unchecked,
  type ConsumerOptions,
  type EventListener,
  type Message,
  type QueueClient,
  type QueueConsumer,
  type QueueError,
  type ReceivedMessage,
} from "@anyqueue/core";
import { oneLine } from "../one-line.ts";
import { withoutOwnAttempts } from "../own-attempts.ts";
import type { Terminal } from "../terminal.ts";
import { describeAsJson, describeAsText, type ShownMessage } from "./describe-message.ts";
import type { TailPlan } from "./read-tail-plan.ts";

/** Most messages per receive request; all are shown before the next one. */
const MAX_ASK = 10;
/** If this process crashes, its messages are free again within this time. */
const LEASE = "30s";
/**
 * Receive requests are short and not aborted. A service may still hand out messages to a request whose
 * connection is closed, namely those being given back, and each would count as one more delivery.
 */
const ASK_MS = 1_000;
/** A request that has not returned by then hangs. */
const HANGING_ASK_MS = 2 * ASK_MS;
const MAX_FAILURES_IN_A_ROW = 5;
const PAUSE_AFTER_FAILURE_MS = 1_000;

/**
 * Shows messages as they come. A queue has competing consumers and no portable way to look without receiving,
 * so every shown message has been received. Without `--ack` it is held, with its lease renewed, until the
 * client gives it back on closing. If it was given back at once, it would come again at once, and each time
 * counts as a delivery, until the service dead-letters it.
 */
export class Tailing {
  readonly #plan: TailPlan;
  readonly #terminal: Terminal;
  readonly #abort = new AbortController();
  #isEnded = false;
  readonly #deadlineMs: number;
  /** Messages, not deliveries: one that comes again after a lost lease is held again but not shown again. */
  readonly #seen = new Set<string>();
  #hasWarnedOfKeys = false;
  shown = 0;
  /** Settlements that failed. */
  failures = 0;

  constructor(plan: TailPlan, terminal: Terminal) {
    this.#plan = plan;
    this.#terminal = terminal;
    this.#deadlineMs = performance.now() + plan.forMs;
  }

  /** Shows no more messages; those that are held stay held until the client closes. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    setTimeout(() => this.#abort.abort(), HANGING_ASK_MS).unref();
  }

  /** Handles what the engine reports while it works for this. */
  listener(): EventListener {
    const warn = (text: string): void => this.#terminal.warn(text);
    const failed = (text: string): void => {
      this.failures += 1;
      warn(text);
    };
    return {
      notice: ({ text }) => warn(`note: ${withoutOwnAttempts(text)}`),
      expired: ({ id }) =>
        warn(`note: ${oneLine(id)} had outlived its ttl and was removed, as by any consumer`),
      "lease-lost": ({ id, error }) => warn(`note: ${oneLine(id)} is no longer held: ${error.message}`),
      "settle-failed": ({ id, kind, error }) =>
        failed(
          `${oneLine(id)}: ${kind} failed, so it comes back when its lease ends (${LEASE}). ${error.message}`,
        ),
    };
  }

  /** Ends at `--max`, `--for`, `end()` or if nobody reads the output. Rejects if nothing ever answered. */
  async run(client: QueueClient, name: string): Promise<void> {
    const consumer = this.#consumer(client, name);
    let failuresInARow = 0;
    let unanswered: Error | undefined;
    let isAnswered = false;
    while (!this.#isOver()) {
      try {
        const messages = await this.#receive(consumer);
        failuresInARow = 0;
        isAnswered = true;
        await this.#take(messages);
      } catch (error) {
        if (this.#isEnded && isQueueError(error, "CANCELLED")) return;
        failuresInARow += 1;
        if (!isQueueError(error) || !error.retryable || failuresInARow >= MAX_FAILURES_IN_A_ROW) throw error;
        unanswered = error;
        this.#terminal.warn(`${error.message} Trying again.`);
        await sleep(PAUSE_AFTER_FAILURE_MS);
      }
    }
    // If the queue was never reached, nobody knows that it is empty.
    if (!isAnswered && !this.#isEnded && unanswered !== undefined) throw unanswered;
  }

  #consumer(client: QueueClient, name: string): QueueConsumer<Uint8Array> {
    const { isOrdered, isOfDeadLetters } = this.#plan;
    const queue = defineQueue(name, {
      schema: unchecked<Uint8Array>(),
      codec: bytes(), // whatever the content type is, nothing is decoded that could fail
      needs: isOrdered ? ["ordering"] : [],
    });
    const options: ConsumerOptions = {
      lease: LEASE,
      // A message must not be dead-lettered because somebody looked at it.
      retry: { attempts: "unlimited" },
      deadLetter: "none",
      onInvalid: async (raw, error) => await this.#takeMalformed(raw, error),
    };
    return isOfDeadLetters ? client.consumer(deadLetters(queue), options) : client.consumer(queue, options);
  }

  async #receive(consumer: QueueConsumer<Uint8Array>): Promise<readonly ReceivedMessage<Uint8Array>[]> {
    const max = Math.min(MAX_ASK, this.#plan.maxMessages - this.shown);
    const waitMs = Math.min(ASK_MS, this.#leftMs());
    return await consumer.receive({ max, wait: `${Math.ceil(waitMs)}ms`, signal: this.#abort.signal });
  }

  async #take(messages: readonly ReceivedMessage<Uint8Array>[]): Promise<void> {
    const acks: Promise<void>[] = [];
    try {
      for (const message of messages) {
        if (this.#isOver()) return; // messages not shown go back when the client closes
        if (!(await this.#show({ message, attempt: message.attempt }))) return;
        if (this.#plan.removes) acks.push(this.#ack(message));
      }
    } finally {
      await Promise.all(acks);
    }
  }

  /** Failures are reported where they occur, by the engine or here; never rejects. */
  async #ack(message: ReceivedMessage<Uint8Array>): Promise<void> {
    try {
      await message.ack();
    } catch (error) {
      if (!isQueueError(error, "LEASE_LOST")) return; // the engine reported settle-failed
      this.failures += 1;
      this.#terminal.warn(`${oneLine(message.id)}: shown, but it comes again. ${error.message}`);
    }
  }

  /** A hook of the engine: returning acks, throwing gives back. Several may run per receive request. */
  async #takeMalformed(raw: Message<Uint8Array>, error: QueueError): Promise<void> {
    const isShown =
      !this.#isOver() && (await this.#show({ message: raw, attempt: undefined, malformed: error.message }));
    if (isShown && this.#plan.removes) return;
    // The engine cannot hold a message that it cannot hand over. The service holds it instead, until after
    // the planned end, so that it does not keep coming again.
    const delayMs = (isShown ? this.#leftMs() : 0) + HANGING_ASK_MS;
    throw new RetryError({ delay: `${Math.ceil(delayMs)}ms` });
  }

  /** @returns false if nobody reads any more; then the tail ends. */
  async #show(shown: ShownMessage): Promise<boolean> {
    const { providerId, orderingKey } = shown.message;
    if (!this.#plan.removes) {
      if (this.#seen.has(providerId)) return true;
      this.#seen.add(providerId);
      if (orderingKey !== undefined) this.#warnOfKeys();
    }
    this.shown += 1;
    const isRead = await this.#terminal.write(
      this.#plan.isJson ? describeAsJson(shown) : describeAsText(shown),
    );
    if (!isRead) {
      this.shown -= 1;
      this.end();
    }
    return isRead;
  }

  #warnOfKeys(): void {
    if (this.#hasWarnedOfKeys) return;
    this.#hasWarnedOfKeys = true;
    this.#terminal.warn("note: while a message is held, later ones of its ordering key wait, unseen.");
  }

  #isOver(): boolean {
    return this.#isEnded || this.shown >= this.#plan.maxMessages || this.#leftMs() <= 0;
  }

  #leftMs(): number {
    return Math.max(0, this.#deadlineMs - performance.now());
  }
}
