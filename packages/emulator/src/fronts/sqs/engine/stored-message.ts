import type { EngineTimer } from "../../../time/engine-clock.ts";

export interface MessageAttribute {
  readonly dataType: string;
  readonly stringValue: string | undefined;
  readonly binaryValue: Buffer | undefined;
}

export type MessageAttributes = ReadonlyMap<string, MessageAttribute>;

/** What a producer sent. It never changes, even when the message moves to another queue. */
export interface MessageContent {
  readonly body: string;
  readonly bodyMd5: string;
  readonly attributes: MessageAttributes;
  readonly traceHeader: string | undefined;
  readonly senderId: string;
  readonly groupId: string | undefined;
  readonly dedupId: string | undefined;
}

/**
 * `delayed` -> `visible` -> `inFlight` -> `visible` again, or `gone`, which is final. Only `MessageShelf`
 * changes a state, in one method.
 */
export type MessageState = "delayed" | "visible" | "inFlight" | "gone";

export interface StoredMessage {
  readonly id: string;
  readonly content: MessageContent;
  readonly sequenceNumber: string | undefined;
  readonly sentAtMs: number;
  readonly deadLetterSourceArn: string | undefined;
  state: MessageState;
  receiveCount: number;
  /** Receives in other queues, part of `receiveCount`. This queue's redrive policy does not count them. */
  readonly receivedElsewhere: number;
  firstReceivedAtMs: number | undefined;
  /** Start of the twelve hours within which the visibility can be extended. */
  lastReceivedAtMs: number;
  /** Serial of the newest receipt handle. Older handles are no longer valid. */
  receiptSerial: number;
  /** End of the delay or of the visibility timeout. */
  timer: EngineTimer | undefined;
  retentionTimer: EngineTimer | undefined;
}
