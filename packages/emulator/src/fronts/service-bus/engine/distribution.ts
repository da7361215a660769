import type { EngineClock } from "../../../time/engine-clock.ts";
import type { Consumer } from "./contract.ts";
import type { EngineError } from "./engine-error.ts";
import type { SessionHold } from "./session-hold.ts";
import type { StoredMessage } from "./stored-message.ts";

/** Decides who gets which ready message. One implementation for plain mailboxes, one for sessions. */
export interface Distribution {
  /** A message became ready. It is the newest of all. */
  push(message: StoredMessage): void;
  /** A message is ready again and returns to its place in order of number. */
  putBack(message: StoredMessage): void;
  /** A locked message is to be delivered once more. */
  again(message: StoredMessage): void;
  /** A message that was pushed before is gone. */
  removed(message: StoredMessage): void;
  /** Delivers ready messages to consumers with room. */
  pump(): void;
  /** Ends every link and every waiting receiver. */
  end(error: EngineError): void;
}

/** What a distribution needs from its mailbox. */
export interface DistributionHost {
  readonly clock: EngineClock;
  readonly lockDurationMs: number;
  /** Locks or removes the message and gives it to the consumer. */
  handOut(message: StoredMessage, consumer: Consumer, hold: SessionHold | undefined): void;
  /** Takes back a message whose lock ended. `isCounted` tells whether the delivery counts. */
  giveBack(message: StoredMessage, isCounted: boolean): void;
}
