import { Deque } from "../../../collections/deque.ts";
import type { SessionHandle, SessionWaiter } from "./contract.ts";
import type { Distribution, DistributionHost } from "./distribution.ts";
import type { EngineError } from "./engine-error.ts";
import { noSessionAvailable, sessionCannotBeLocked, sessionLockLost } from "./refusals.ts";
import { Session, SessionHold } from "./session-hold.ts";
import { SessionWaiters } from "./session-waiters.ts";
import type { StoredMessage } from "./stored-message.ts";

/** The line is cleaned up when it exceeds twice the number of sessions by this much. */
const SPARE_PLACES = 64;

/** Gives each session to one receiver at a time. */
export class SessionDistribution implements Distribution {
  readonly #host: DistributionHost;
  readonly #sessions = new Map<string, Session>();
  /**
   * Sessions with ready messages and no holder, longest wait first, so that none starves. A session that is
   * accepted by name, or loses its messages, stays in the line for a while and is skipped.
   */
  readonly #available = new Deque<Session>();
  /** Holds whose session got something to deliver since the last pump. */
  readonly #unserved = new Set<SessionHold>();
  readonly #waiters: SessionWaiters;

  constructor(host: DistributionHost) {
    this.#host = host;
    this.#waiters = new SessionWaiters(host.clock);
  }

  get consumerCount(): number {
    let held = 0;
    for (const session of this.#sessions.values()) if (session.hold !== undefined) held += 1;
    return held + this.#waiters.size;
  }

  sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  holdOf(sessionId: string): SessionHold | undefined {
    return this.#sessions.get(sessionId)?.hold;
  }

  accept(sessionId: string): SessionHandle {
    const session = this.#open(sessionId);
    if (session.hold !== undefined) throw sessionCannotBeLocked(sessionId);
    return this.#grant(session);
  }

  acceptNext(waiter: SessionWaiter, timeoutMs: number): { cancel(): void } {
    const entry = this.#waiters.add(waiter, timeoutMs, noSessionAvailable);
    this.pump();
    return entry;
  }

  renew(hold: SessionHold): number {
    if (hold.timer !== undefined) this.#host.clock.cancel(hold.timer);
    hold.lockedUntilMs = this.#host.clock.now() + this.#host.lockDurationMs;
    hold.timer = this.#host.clock.at(hold.lockedUntilMs, () => {
      this.lose(hold);
    });
    return hold.lockedUntilMs;
  }

  /** The lock ran out. The deliveries count. */
  lose(hold: SessionHold): void {
    this.#finish(hold, true, sessionLockLost());
  }

  /** The receiver gave the lock back. The deliveries do not count. */
  release(hold: SessionHold): void {
    this.#finish(hold, false, undefined);
  }

  setState(session: Session, state: Uint8Array | null): void {
    session.state = state;
    this.#forgetIfEmpty(session);
  }

  push(message: StoredMessage): void {
    const session = this.#open(message.sessionId ?? "");
    session.messageCount += 1;
    session.ready.push(message);
    this.#hasReady(session);
  }

  putBack(message: StoredMessage): void {
    const session = this.#open(message.sessionId ?? "");
    session.ready.putBack(message);
    this.#hasReady(session);
  }

  again(message: StoredMessage): void {
    const hold = message.lock?.hold;
    if (hold === undefined) return;
    hold.again.push(message);
    this.#unserved.add(hold);
  }

  removed(message: StoredMessage): void {
    const session = this.#sessions.get(message.sessionId ?? "");
    if (session === undefined) return;
    session.messageCount -= 1;
    session.ready.trim();
    this.#forgetIfEmpty(session);
  }

  pump(): void {
    for (const hold of this.#unserved) {
      this.#unserved.delete(hold);
      this.serve(hold);
    }
    while (this.#waiters.size > 0) {
      const session = this.#nextAvailable();
      if (session === undefined) return;
      this.#waiters.shift()?.granted(this.#grant(session));
    }
  }

  serve(hold: SessionHold): void {
    if (hold.isServing) return;
    hold.isServing = true;
    try {
      while (this.#serveOne(hold));
    } finally {
      hold.isServing = false;
    }
  }

  end(error: EngineError): void {
    this.#waiters.end(error);
    for (const session of this.sessions()) {
      if (session.hold !== undefined) this.#finish(session.hold, false, error);
    }
  }

  #serveOne(hold: SessionHold): boolean {
    const { consumer, session } = hold;
    if (consumer === undefined || hold.isOver || !consumer.hasRoom()) return false;
    const again = hold.again.shift();
    if (again !== undefined) {
      if (again.state === "locked") this.#host.handOut(again, consumer, hold);
      return true;
    }
    const message = session.ready.shift();
    if (message === undefined) return false;
    this.#host.handOut(message, consumer, hold);
    return true;
  }

  #grant(session: Session): SessionHold {
    const hold = new SessionHold(session, this);
    session.hold = hold;
    this.renew(hold);
    return hold;
  }

  #finish(hold: SessionHold, isCounted: boolean, error: EngineError | undefined): void {
    if (hold.isOver) return;
    const { session, consumer } = hold;
    hold.isOver = true;
    hold.consumer = undefined;
    if (hold.timer !== undefined) this.#host.clock.cancel(hold.timer);
    session.hold = undefined;
    for (const message of [...hold.messages]) this.#host.giveBack(message, isCounted);
    if (session.ready.peek() !== undefined) this.#joinLine(session);
    this.#forgetIfEmpty(session);
    if (error !== undefined) consumer?.end(error);
    this.pump();
  }

  #hasReady(session: Session): void {
    if (session.hold === undefined) this.#joinLine(session);
    else this.#unserved.add(session.hold);
  }

  #joinLine(session: Session): void {
    if (session.isInLine) return;
    session.isInLine = true;
    this.#available.push(session);
    if (this.#available.size > 2 * this.#sessions.size + SPARE_PLACES) this.#tidyLine();
  }

  /** If all sessions are accepted by name, `#nextAvailable` never runs to skip old entries. */
  #tidyLine(): void {
    for (let left = this.#available.size; left > 0; left -= 1) {
      const session = this.#available.shift();
      if (session === undefined) return;
      session.isInLine = isAvailable(session);
      if (session.isInLine) this.#available.push(session);
    }
  }

  #nextAvailable(): Session | undefined {
    for (;;) {
      const session = this.#available.shift();
      if (session === undefined) return undefined;
      session.isInLine = false;
      if (isAvailable(session)) return session;
    }
  }

  #open(sessionId: string): Session {
    const known = this.#sessions.get(sessionId);
    if (known !== undefined) return known;
    const session = new Session(sessionId);
    this.#sessions.set(sessionId, session);
    return session;
  }

  #forgetIfEmpty(session: Session): void {
    if (session.messageCount > 0 || session.state !== null || session.hold !== undefined) return;
    this.#sessions.delete(session.id);
  }
}

function isAvailable({ hold, ready }: Session): boolean {
  return hold === undefined && ready.peek() !== undefined;
}
