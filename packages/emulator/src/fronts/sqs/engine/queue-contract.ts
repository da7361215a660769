import { randomUUID } from "node:crypto";
import type { StoredMessage } from "./stored-message.ts";

export interface SendReceipt {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
}

export interface ReceiveRequest {
  readonly maxMessages: number;
  readonly visibilityMs: number;
  readonly attemptId: string | undefined;
}

export interface Delivery {
  readonly message: StoredMessage;
  readonly receiptHandle: string;
}

export type DeleteOutcome = "done" | "malformed" | "expired";
export type VisibilityOutcome = "done" | "malformed" | "unavailable" | "beyondLimit";

/** What a message keeps when it comes from another queue rather than from a producer. */
export interface MessageOrigin {
  readonly id: string;
  readonly sentAtMs: number;
  readonly receiveCount: number;
  readonly firstReceivedAtMs: number | undefined;
  readonly deadLetterSourceArn: string | undefined;
}

export function freshOrigin(nowMs: number): MessageOrigin {
  return {
    id: randomUUID(),
    sentAtMs: nowMs,
    receiveCount: 0,
    firstReceivedAtMs: undefined,
    deadLetterSourceArn: undefined,
  };
}
