import type { Clock, CutOff, Cuttable, Delivery, ReceiveAsk } from "@anyqueue/core/adapter";
import type { Message, ReceiveMessageCommandInput } from "@aws-sdk/client-sqs";
import { ChecksumError, isIntact } from "./checksum.ts";
import {
  RECEIVE_MARGIN_MS,
  SQS_ATTEMPT_ID_MS,
  SQS_MAX_BATCH_ITEMS,
  SQS_MAX_LEASE_MS,
  SQS_MAX_WAIT_MS,
} from "./sqs-limits.ts";
import type { RunningPoll } from "./late-polls.ts";
import type { SqsQueue } from "./sqs-queue.ts";
import { decodeMessage, type SqsHandle } from "./sqs-wire.ts";

/** A poll of a FIFO queue whose answer never came. */
interface LostPoll {
  readonly attemptId: string;
  readonly maxItems: number;
  readonly startedAtMs: number;
}

/** Makes the ReceiveMessage calls of one consumer. */
export class SqsPoller {
  readonly #queue: SqsQueue;
  readonly #leaseSeconds: number;
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  readonly #lost: LostPoll[] = [];

  constructor(queue: SqsQueue, leaseMs: number, clock: Clock, onFault: (error: unknown) => void) {
    this.#queue = queue;
    this.#leaseSeconds = Math.ceil(Math.min(leaseMs, SQS_MAX_LEASE_MS) / 1_000);
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** @param off also ends the poll; what SQS was about to hand over comes back when its lease ends. */
  poll(ask: ReceiveAsk, off: CutOff): RunningPoll {
    const maxItems = Math.min(ask.maxItems, SQS_MAX_BATCH_ITEMS);
    const waitSeconds = Math.ceil(Math.min(ask.waitMs, SQS_MAX_WAIT_MS) / 1_000);
    const endsAtMs = this.#clock.now() + waitSeconds * 1_000;
    const controller = new AbortController();
    const request: Cuttable = { cut: () => controller.abort(), previous: undefined, next: undefined };
    off.add(request);
    const deliveries = this.#receive(maxItems, waitSeconds, controller.signal).finally(() =>
      off.delete(request),
    );
    return { deliveries, maxItems, endsAtMs, cut: request.cut };
  }

  async #receive(
    maxItems: number,
    waitSeconds: number,
    cut: AbortSignal,
  ): Promise<readonly Delivery<SqsHandle>[]> {
    const url = await this.#queue.url(cut);
    const attempt = this.#queue.isFifo ? this.#nextAttempt(maxItems) : undefined;
    const input: ReceiveMessageCommandInput = {
      QueueUrl: url,
      MaxNumberOfMessages: maxItems,
      WaitTimeSeconds: waitSeconds,
      VisibilityTimeout: this.#leaseSeconds,
      // SQS returns neither unless it is asked for.
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
      ReceiveRequestAttemptId: attempt?.attemptId,
    };
    const options = { signal: cut, timeoutMs: waitSeconds * 1_000 + RECEIVE_MARGIN_MS, isPoll: true };
    try {
      const reply = await this.#queue.call("ReceiveMessageCommand", input, options);
      return this.#deliveries(reply.Messages ?? []);
    } catch (error) {
      // The lost answer may block its group for a whole lease, unless the same attempt is made again.
      if (attempt !== undefined) this.#lost.push(attempt);
      throw error;
    }
  }

  /** Repeats the attempt of a lost poll while SQS remembers it and its answer fits what is asked for now. */
  #nextAttempt(maxItems: number): LostPoll {
    const nowMs = this.#clock.now();
    while (this.#lost[0] !== undefined && nowMs - this.#lost[0].startedAtMs > SQS_ATTEMPT_ID_MS)
      this.#lost.shift();
    const index = this.#lost.findIndex((lost) => lost.maxItems <= maxItems);
    const [lost] = index < 0 ? [] : this.#lost.splice(index, 1);
    return lost ?? { attemptId: crypto.randomUUID(), maxItems, startedAtMs: nowMs };
  }

  /** Leaves out a message with a wrong checksum and its followers in the group, until their lease ends. */
  #deliveries(messages: readonly Message[]): readonly Delivery<SqsHandle>[] {
    const receivedAtMs = this.#clock.now();
    const damagedGroups = new Set<string>();
    const intact: Delivery<SqsHandle>[] = [];
    for (const message of messages) {
      const group = this.#queue.isFifo ? message.Attributes?.MessageGroupId : undefined;
      if (!isIntact(message.Body ?? "", message.MD5OfBody)) {
        if (group !== undefined) damagedGroups.add(group);
        this.#onFault(
          new ChecksumError(`message ${message.MessageId ?? "without id"} arrived with a wrong checksum`),
        );
      } else if (group === undefined || !damagedGroups.has(group)) {
        const handedBack = this.#queue.handBacks.of(message.MessageId ?? "");
        intact.push(decodeMessage(message, receivedAtMs, this.#leaseSeconds * 1_000, handedBack));
      }
    }
    return intact;
  }
}
