import type {
  Clock,
  ConsumerDriver,
  ConsumerDriverOptions,
  Delivery,
  ExtendItem,
  ItemResult,
  ReceiveAsk,
  ReleaseItem,
} from "@anyqueue/core/adapter";
import { CutOff, orAborted, QueueError } from "@anyqueue/core/adapter";
import { LatePolls } from "./late-polls.ts";
import { alignReply, inTens } from "./batch-reply.ts";
import { LATE_ANSWER_MS, LEASE_CAP_MARGIN_MS, SQS_LIMITS, SQS_MAX_LEASE_MS } from "./sqs-limits.ts";
import { SqsPoller } from "./sqs-poller.ts";
import type { SqsQueue } from "./sqs-queue.ts";
import type { SqsHandle } from "./sqs-wire.ts";

type Options = ConsumerDriverOptions<SqsHandle>;

/** A new visibility timeout for one delivery. */
interface VisibilityChange {
  readonly handle: SqsHandle;
  readonly seconds: number;
}

/** Receives from one queue. */
export class SqsConsumer implements ConsumerDriver<SqsHandle> {
  readonly #queue: SqsQueue;
  readonly #clock: Clock;
  readonly #events: Options["events"];
  readonly #poller: SqsPoller;
  readonly #late: LatePolls;
  readonly #off = new CutOff();

  constructor(queue: SqsQueue, options: Options, clock: Clock) {
    this.#queue = queue;
    this.#clock = clock;
    this.#events = options.events;
    this.#late = new LatePolls(clock, (deliveries) => this.#giveBack(deliveries));
    this.#poller = new SqsPoller(queue, options.leaseMs, clock, (error) => options.events.fault(error));
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#queue.confirm(signal);
  }

  receiveBatch(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<SqsHandle>[]> {
    if (signal.aborted || this.#off.isOver) return Promise.resolve([]);
    const poll = this.#late.adopt(ask) ?? this.#poller.poll(ask, this.#off);
    return orAborted(poll.deliveries, signal, () => {
      this.#late.keep(poll);
      return [];
    });
  }

  async ackBatch(handles: readonly SqsHandle[], signal: AbortSignal): Promise<readonly ItemResult[]> {
    const results = await inTens(handles, async (chunk) => {
      const url = await this.#queue.url(signal);
      const entries = chunk.map((handle, index) => ({
        Id: String(index),
        ReceiptHandle: handle.receiptHandle,
      }));
      const input = { QueueUrl: url, Entries: entries };
      const reply = await this.#queue.call("DeleteMessageBatchCommand", input, { signal });
      return alignReply(entries.length, reply, () => DONE);
    });
    // A message that was not deleted comes again, and its hand-backs must still be subtracted then.
    for (const [index, { messageId }] of handles.entries()) {
      if (results[index]?.ok === true) this.#queue.handBacks.forget(messageId);
    }
    return results;
  }

  async releaseBatch(
    items: readonly ReleaseItem<SqsHandle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult[]> {
    for (const { handle, cause } of items) if (cause === "unstarted") this.#queue.handBacks.addOnce(handle);
    return await this.#changeVisibility(
      items.map(({ handle, delayMs }) => ({
        handle,
        seconds: secondsOf(Math.min(delayMs, this.#leftMs(handle))),
      })),
      signal,
    );
  }

  async extendBatch(
    items: readonly ExtendItem<SqsHandle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<{ readonly leaseMs: number }>[]> {
    const askedAtMs = this.#clock.now();
    const changes = items.map(({ handle, leaseMs }) => ({
      handle,
      seconds: secondsOf(Math.min(leaseMs, this.#leftMs(handle))),
    }));
    const possible = changes.filter((change) => change.seconds > 0);
    const results = await this.#changeVisibility(possible, signal);
    // The service starts to count at some moment after the request left.
    const spentMs = this.#clock.now() - askedAtMs;
    let next = 0;
    return changes.map(({ seconds }) => {
      if (seconds === 0) return { ok: false, error: atLeaseCap() };
      const result = results[next++] ?? { ok: false, error: atLeaseCap() };
      return result.ok ? { ok: true, value: { leaseMs: Math.max(0, seconds * 1_000 - spentMs) } } : result;
    });
  }

  /** Waits briefly for the answers of late polls, then cuts the polls off. */
  async close(): Promise<void> {
    await this.#late.settled(LATE_ANSWER_MS);
    this.#off.end();
    await this.#late.settled(LATE_ANSWER_MS);
  }

  /** Releases the deliveries at once; if that fails, they come back when their lease ends. */
  async #giveBack(deliveries: readonly Delivery<SqsHandle>[]): Promise<void> {
    const changes = deliveries.map(({ handle }) => ({ handle, seconds: 0 }));
    for (const { handle } of deliveries) this.#queue.handBacks.addOnce(handle);
    await this.#changeVisibility(changes, undefined).catch((error: unknown) => this.#events.fault(error));
  }

  #changeVisibility(
    changes: readonly VisibilityChange[],
    signal: AbortSignal | undefined,
  ): Promise<readonly ItemResult[]> {
    return inTens(changes, async (chunk) => {
      const url = await this.#queue.url(signal);
      const entries = chunk.map(({ handle, seconds }, index) => ({
        Id: String(index),
        ReceiptHandle: handle.receiptHandle,
        VisibilityTimeout: seconds,
      }));
      const input = { QueueUrl: url, Entries: entries };
      const reply = await this.#queue.call("ChangeMessageVisibilityBatchCommand", input, {
        signal,
      });
      return alignReply(entries.length, reply, () => DONE);
    });
  }

  /** SQS refuses, and does not clamp, a lease that goes beyond 12 hours from the receive. */
  #leftMs(handle: SqsHandle): number {
    const heldMs = this.#clock.now() - handle.receivedAtMs;
    return Math.max(0, Math.floor((SQS_MAX_LEASE_MS - LEASE_CAP_MARGIN_MS - heldMs) / 1_000) * 1_000);
  }
}

const DONE: ItemResult = Object.freeze({ ok: true, value: undefined });

/** Rounds up (D4). */
function secondsOf(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1_000));
}

function atLeaseCap(): QueueError {
  return new QueueError("LEASE_LOST", {
    what: `the delivery was held for the ${SQS_LIMITS.lease.totalMs / 3_600_000} hours that SQS allows in all`,
    provider: "sqs",
    operation: "extend",
  });
}
