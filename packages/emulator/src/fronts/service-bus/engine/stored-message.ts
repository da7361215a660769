import type { EngineTimer } from "../../../time/engine-clock.ts";
import type { MessageView, WireState } from "./contract.ts";
import type { Lock } from "./lock-table.ts";
import type { MessageContent } from "./message-content.ts";

/**
 * `scheduled` -> `gone` (a successor with a new number takes its place), `ready` -> `locked` -> `ready` or
 * `deferred`, `deferred` -> `locked` -> `deferred`; all -> `gone`, which is final. Only `MessageShelf`
 * changes a state, in one method.
 */
export type MessageState = "scheduled" | "ready" | "locked" | "deferred" | "gone";

/** The initial values of a message in one mailbox. */
export interface MessageBirth {
  readonly content: MessageContent;
  readonly sequenceNumber: number;
  readonly enqueuedSequenceNumber: number;
  readonly enqueuedAtMs: number;
  readonly timeToLiveMs: number;
  readonly deliveryCount: number;
  readonly deadLetterSource: string | undefined;
  readonly state: "scheduled" | "ready";
}

/** One message in one mailbox. */
export class StoredMessage implements MessageView {
  content: MessageContent;
  readonly sequenceNumber: number;
  readonly enqueuedSequenceNumber: number;
  readonly enqueuedAtMs: number;
  readonly timeToLiveMs: number;
  readonly deadLetterSource: string | undefined;
  deliveryCount: number;
  state: MessageState;
  /** True: the message becomes deferred when a lock ends, and can then only be received by its number. */
  isDeferred = false;
  /** The newest of its locks. Older ones are linked from it. */
  lock: Lock | undefined;
  /** Fires when the message expires or, if scheduled, when it is due. */
  timer: EngineTimer | undefined;

  constructor(birth: MessageBirth) {
    this.content = birth.content;
    this.sequenceNumber = birth.sequenceNumber;
    this.enqueuedSequenceNumber = birth.enqueuedSequenceNumber;
    this.enqueuedAtMs = birth.enqueuedAtMs;
    this.timeToLiveMs = birth.timeToLiveMs;
    this.deadLetterSource = birth.deadLetterSource;
    this.deliveryCount = birth.deliveryCount;
    this.state = birth.state;
  }

  get expiresAtMs(): number {
    return this.enqueuedAtMs + this.timeToLiveMs;
  }

  get wireState(): WireState {
    if (this.state === "scheduled") return "scheduled";
    return this.isDeferred ? "deferred" : "active";
  }

  get sessionId(): string | undefined {
    return this.content.properties.sessionId;
  }
}
