import { Deque } from "../../../collections/deque.ts";
import type { EngineTimer } from "../../../time/engine-clock.ts";
import type { Consumer, ConsumerHandle, SessionHandle } from "./contract.ts";
import { ReadyLine } from "./ready-line.ts";
import { sessionLockLost } from "./refusals.ts";
import type { StoredMessage } from "./stored-message.ts";

/** One session of a mailbox. It exists while it has messages, a state or a holder. */
export class Session {
  readonly id: string;
  readonly ready = new ReadyLine();
  /** Number of messages in any state except scheduled. */
  messageCount = 0;
  state: Uint8Array | null = null;
  hold: SessionHold | undefined;
  /** The session is in the line of available sessions, where it is at most once. */
  isInLine = false;

  constructor(id: string) {
    this.id = id;
  }
}

/** What a hold needs from its distribution. */
interface HoldKeeper {
  serve(hold: SessionHold): void;
  release(hold: SessionHold): void;
}

/** The lock of one receiver on one session. */
export class SessionHold implements SessionHandle {
  readonly session: Session;
  /** Messages delivered under this lock and not settled. */
  readonly messages = new Set<StoredMessage>();
  /** Locked messages to be delivered a second time; see `Mailbox.deliverAgain`. */
  readonly again = new Deque<StoredMessage>();
  readonly #keeper: HoldKeeper;
  lockedUntilMs = 0;
  timer: EngineTimer | undefined;
  consumer: Consumer | undefined;
  isOver = false;
  isServing = false;

  constructor(session: Session, keeper: HoldKeeper) {
    this.session = session;
    this.#keeper = keeper;
  }

  get sessionId(): string {
    return this.session.id;
  }

  attach(consumer: Consumer): ConsumerHandle {
    if (this.isOver) throw sessionLockLost();
    this.consumer = consumer;
    const roomMade = (): void => {
      this.#keeper.serve(this);
    };
    roomMade();
    return {
      roomMade,
      close: () => {
        if (this.consumer === consumer) this.consumer = undefined;
      },
    };
  }

  release(): void {
    this.#keeper.release(this);
  }
}
