import type { SqsQueue } from "./engine/sqs-queue.ts";
import type { StoredMessage } from "./engine/stored-message.ts";

/** A queue at one moment, for tests and for inspection. */
export interface QueueSnapshot {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly accountId: string;
  readonly isFifo: boolean;
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  /** Number of waiting long polls. */
  readonly waiting: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly messages: readonly MessageSnapshot[];
}

/** A message at one moment. */
export interface MessageSnapshot {
  readonly id: string;
  readonly state: "delayed" | "visible" | "inFlight";
  readonly body: string;
  readonly receiveCount: number;
  readonly groupId: string | undefined;
  readonly dedupId: string | undefined;
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
