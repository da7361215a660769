import type { EngineClock } from "../../../time/engine-clock.ts";
import type { Consumer } from "./contract.ts";
import type { EngineError } from "./engine-error.ts";
import type { SessionHold } from "./session-hold.ts";
import type { StoredMessage } from "./stored-message.ts";

/** Who gets which ready message. One implementation for plain mailboxes, one for sessions. */
export interface Distribution {
  /** The message, the newest of all, became ready. */
  push(message: StoredMessage): void;
  /** The message is ready again and goes to its place by number. */
  putBack(message: StoredMessage): void;
  /** The message, which is locked, goes out once more. */
  again(message: StoredMessage): void;
  /** The message, which had been pushed before, is gone. */
  removed(message: StoredMessage): void;
  /** Delivers whatever is ready to whoever has room. */
  pump(): void;
  /** Ends every link and every waiting. */
  end(error: EngineError): void;
}

/** What a distribution asks of its mailbox. */
export interface DistributionHost {
  readonly clock: EngineClock;
  readonly lockDurationMs: number;
  /** Locks or removes the message and gives it to the consumer. */
  handOut(message: StoredMessage, consumer: Consumer, hold: SessionHold | undefined): void;
  /** Takes a message whose lock ended back, counting the delivery or not. */
  giveBack(message: StoredMessage, isCounted: boolean): void;
}
