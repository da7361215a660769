import type { SqsQueue } from "./engine/sqs-queue.ts";
import type { StoredMessage } from "./engine/stored-message.ts";

/** A queue at one moment, for tests and for inspection. */
export interface QueueSnapshot {
  /** With `.fifo`, if it is one. */
  readonly name: string;
  /** Its ARN. */
  readonly arn: string;
  /** Its region. */
  readonly region: string;
  /** Its account. */
  readonly accountId: string;
  /** True: a FIFO queue. */
  readonly isFifo: boolean;
  /** Messages that can be received now. */
  readonly visible: number;
  /** Messages that were received and are not deleted. */
  readonly inFlight: number;
  /** Messages that are not due yet. */
  readonly delayed: number;
  /** Number of waiting long polls. */
  readonly waiting: number;
  /** Its settings, by name. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Its tags. */
  readonly tags: Readonly<Record<string, string>>;
  /** All of them. */
  readonly messages: readonly MessageSnapshot[];
}

/** A message at one moment. */
export interface MessageSnapshot {
  /** Its message id. */
  readonly id: string;
  /** Where it stands. */
  readonly state: "delayed" | "visible" | "inFlight";
  /** As it was sent. */
  readonly body: string;
  /** How often it was received. */
  readonly receiveCount: number;
  /** Undefined: it is in no group. */
  readonly groupId: string | undefined;
  /** Undefined on a standard queue. */
  readonly dedupId: string | undefined;
  /** Undefined on a standard queue. */
  readonly sequenceNumber: string | undefined;
}

export function snapshotQueue(queue: SqsQueue): QueueSnapshot {
  const { name, region, accountId, isFifo } = queue.identity;
  return {
    name,
    arn: queue.arn,
    region,
    accountId,
    isFifo,
    visible: queue.counts.visible,
    inFlight: queue.counts.inFlight,
    delayed: queue.counts.delayed,
    waiting: queue.waiters.size,
    attributes: Object.fromEntries(queue.attributes),
    tags: Object.fromEntries(queue.tags),
    messages: queue.messages().flatMap(snapshotMessage),
  };
}

function snapshotMessage(message: StoredMessage): readonly MessageSnapshot[] {
  if (message.state === "gone") return [];
  const { body, groupId, dedupId } = message.content;
  const { id, state, receiveCount, sequenceNumber } = message;
  return [{ id, state, body, receiveCount, groupId, dedupId, sequenceNumber }];
}
