import { randomUUID } from "node:crypto";
import type { EngineClock, EngineTimer } from "../../../time/engine-clock.ts";
import type { SessionHold } from "./session-hold.ts";
import type { StoredMessage } from "./stored-message.ts";

/** The right of one receiver to settle one message. */
export interface Lock {
  readonly token: string;
  readonly message: StoredMessage;
  /** Set for a message of a session: the session's lock counts, and this lock has no expiry of its own. */
  readonly hold: SessionHold | undefined;
  /** An earlier lock of the same message that is still valid. Only a fault creates one. */
  older: Lock | undefined;
  untilMs: number;
  timer: EngineTimer | undefined;
}

/** The locks of one mailbox, by token. */
export class LockTable {
  readonly #clock: EngineClock;
  readonly #onExpired: (lock: Lock) => void;
  readonly #locks = new Map<string, Lock>();

  constructor(clock: EngineClock, onExpired: (lock: Lock) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  find(token: string): Lock | undefined {
    return this.#locks.get(token);
  }

  lock(message: StoredMessage, durationMs: number): Lock {
    const lock = this.#add(message, undefined);
    this.renew(lock, durationMs);
    return lock;
  }

  lockInSession(message: StoredMessage, hold: SessionHold): Lock {
    hold.messages.add(message);
    return this.#add(message, hold);
  }

  renew(lock: Lock, durationMs: number): void {
    if (lock.timer !== undefined) this.#clock.cancel(lock.timer);
    lock.untilMs = this.#clock.now() + durationMs;
    lock.timer = this.#clock.at(lock.untilMs, () => {
      lock.timer = undefined;
      this.#onExpired(lock);
    });
  }

  /** Ends one lock. Returns true if it was the message's last one. */
  drop(lock: Lock): boolean {
    const { message } = lock;
    this.#forget(lock);
    if (message.lock === lock) message.lock = lock.older;
    else unlink(message, lock);
    message.lock?.hold?.messages.add(message);
    return message.lock === undefined;
  }

  /** Ends every lock of a message. */
  release(message: StoredMessage): void {
    for (let lock = message.lock; lock !== undefined; lock = lock.older) this.#forget(lock);
    message.lock = undefined;
  }

  #add(message: StoredMessage, hold: SessionHold | undefined): Lock {
    const lock: Lock = {
      token: randomUUID(),
      message,
      hold,
      older: message.lock,
      untilMs: 0,
      timer: undefined,
    };
    message.lock = lock;
    this.#locks.set(lock.token, lock);
    return lock;
  }

  #forget(lock: Lock): void {
    if (lock.timer !== undefined) this.#clock.cancel(lock.timer);
    lock.timer = undefined;
    lock.hold?.messages.delete(lock.message);
    this.#locks.delete(lock.token);
  }
}

function unlink(message: StoredMessage, lock: Lock): void {
  for (let newer = message.lock; newer !== undefined; newer = newer.older) {
    if (newer.older === lock) newer.older = lock.older;
  }
}
