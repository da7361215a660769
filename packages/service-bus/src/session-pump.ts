import { QueueError, type Clock, type Timer } from "@anyqueue/core/adapter";
import { PROVIDER } from "./refusal.ts";
import { isNoSession } from "./service-bus-errors.ts";
import {
  ACCEPT_PAUSE_MS,
  CONTESTED_IDLE_MS,
  FIRST_MESSAGE_MS,
  MAX_ACCEPTS,
  SESSION_IDLE_MS,
  SESSION_TURN_MS,
} from "./service-bus-limits.ts";

/** One locked session, as the pump sees it. */
export interface PumpedSession {
  readonly sessionId: string;
  readonly startedAtMs: number;
  readonly outstanding: number;
  readonly isTaking: boolean;
  readonly isDead: boolean;
  start(): void;
  /** Resolves when nothing more can come. */
  stop(): Promise<void>;
  close(): Promise<void>;
  pause(): void;
  resume(): void;
  lose(error: unknown): void;
}

export interface PumpOptions<Session extends PumpedSession> {
  readonly clock: Clock;
  /** Locks the next session. The service waits for one. */
  readonly accept: (signal: AbortSignal) => Promise<Session>;
  /** A failure in the background. */
  readonly failed: (error: unknown) => void;
}

const TICK_MS = 1_000;

/**
 * Keeps up to `lanes` sessions locked: accepts one, takes its messages, lets it go when idle, accepts the
 * next. A busy session gives way after its turn, so that none starves. "No session" is the usual answer of an
 * idle entity.
 */
export class SessionPump<Session extends PumpedSession> {
  readonly #options: PumpOptions<Session>;
  readonly #sessions = new Set<Session>();
  readonly #idleTimers = new Map<Session, Timer>();
  readonly #stopping = new Set<Promise<void>>();
  #lanes = 0;
  #accepting = 0;
  #accepts = new AbortController();
  #pause: Timer | undefined;
  #tick: Timer | undefined;
  #isClosed = false;
  /** Sessions that wait for their first message, and the time that such a message takes: a round trip. */
  readonly #fresh = new Set<Session>();
  #roundTripMs = 0;
  /** True: the last session was lost soon after its accept. */
  #isLosing = false;
  /** The session that was let go last: if it comes back at once, it competes with no other. */
  #lastId: string | undefined;

  constructor(options: PumpOptions<Session>) {
    this.#options = options;
  }

  get sessions(): ReadonlySet<Session> {
    return this.#sessions;
  }

  /** 0 lets every session go as soon as its outstanding messages are settled. */
  setLanes(lanes: number): void {
    this.#lanes = lanes;
    const surplus = this.#sessions.size - lanes;
    for (const session of [...this.#sessions].slice(0, Math.max(0, surplus))) this.#letGo(session);
    if (lanes === 0) this.#cancelAccepts();
    this.#fill();
  }

  /** Nobody asks: sessions with outstanding messages stay locked but bring no more, others are let go. */
  rest(): void {
    this.#lanes = 0;
    this.#cancelAccepts();
    for (const session of this.#sessions) {
      session.pause();
      if (session.outstanding === 0) this.#letGo(session);
    }
  }

  /** Called after `rest`. */
  wake(lanes: number): void {
    this.#lanes = lanes;
    for (const session of this.#sessions) session.resume();
    this.#fill();
  }

  /** A message of the session came. */
  arrived(session: Session): void {
    this.#idleTimers.get(session)?.cancel();
    this.#idleTimers.delete(session);
    const heldMs = this.#options.clock.now() - session.startedAtMs;
    if (this.#fresh.delete(session)) this.#roundTripMs = (this.#roundTripMs + heldMs) / 2;
    if (this.#isContested && heldMs >= SESSION_TURN_MS) this.#letGo(session);
  }

  /** Nothing of the session is outstanding. */
  idle(session: Session): void {
    this.#isLosing = false;
    if (!session.isTaking || this.#lanes === 0) this.#letGo(session);
    else this.#awaitMore(session, this.#isContested ? this.#contestedIdleMs() : SESSION_IDLE_MS);
  }

  /** The session's lock is gone. Where that goes on, each accept may cost a message one of its deliveries. */
  lost(session: Session): void {
    const isSoon = this.#options.clock.now() - session.startedAtMs < ACCEPT_PAUSE_MS;
    if (isSoon && this.#isLosing) this.#pauseAccepts();
    this.#isLosing = isSoon;
    this.#drop(session);
    void session.close().catch(() => {});
    this.#fill();
  }

  /** The connection is gone, and every session with it. */
  loseAll(error: unknown): void {
    for (const session of [...this.#sessions]) session.lose(error);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#lanes = 0;
    this.#cancelAccepts();
    this.#pause?.cancel();
    this.#tick?.cancel();
    await Promise.all([...this.#sessions].map((session) => session.stop().catch(() => {})));
    await Promise.all([...this.#sessions].map((session) => session.close().catch(this.#options.failed)));
    await Promise.all(this.#stopping);
    for (const session of this.#sessions) this.#drop(session);
  }

  /** True if every lane is taken, so that sessions without an owner wait. */
  get #isContested(): boolean {
    return this.#sessions.size >= this.#lanes;
  }

  #fill(): void {
    const mayAccept = (): boolean =>
      !this.#isClosed &&
      this.#pause === undefined &&
      this.#accepting < MAX_ACCEPTS &&
      this.#sessions.size + this.#accepting < this.#lanes;
    while (mayAccept()) void this.#accept(this.#accepts.signal);
  }

  async #accept(signal: AbortSignal): Promise<void> {
    const { clock, accept } = this.#options;
    const startedAtMs = clock.now();
    this.#accepting += 1;
    const accepted = accept(signal).finally(() => (this.#accepting -= 1));
    try {
      this.#take(await accepted);
    } catch (error) {
      // An abort is not a refusal, and lanes may have come back since.
      if (!signal.aborted) this.#refused(error, clock.now() - startedAtMs);
    }
    this.#fill();
  }

  #refused(error: unknown, afterMs: number): void {
    const isUsual = isNoSession(error);
    if (!isUsual) this.#options.failed(error);
    if (!isUsual || afterMs < ACCEPT_PAUSE_MS) this.#pauseAccepts();
  }

  #take(session: Session): void {
    if (this.#isClosed || this.#sessions.size >= this.#lanes) {
      this.#track(session.close().catch(this.#options.failed));
      return;
    }
    this.#sessions.add(session);
    this.#fresh.add(session);
    try {
      session.start();
    } catch (error) {
      // The service can end a link with the answer that opens it.
      this.#drop(session);
      this.#track(session.close().catch(() => {}));
      throw error;
    }
    const isAlone = session.sessionId === this.#lastId;
    this.#lastId = undefined;
    if (session.outstanding === 0) this.#awaitMore(session, isAlone ? SESSION_IDLE_MS : FIRST_MESSAGE_MS);
    this.#watch();
  }

  #awaitMore(session: Session, waitMs: number): void {
    this.#idleTimers.get(session)?.cancel();
    const timer = this.#options.clock.setTimer(() => {
      this.#idleTimers.delete(session);
      if (session.outstanding === 0) this.#letGo(session);
    }, waitMs);
    this.#idleTimers.set(session, timer);
  }

  #letGo(session: Session): void {
    if (!this.#sessions.has(session)) return;
    this.#track(this.#stopThenClose(session).catch(this.#options.failed));
  }

  async #stopThenClose(session: Session): Promise<void> {
    // A session that cannot be stopped is closed all the same: another session needs its lane.
    await session.stop().catch(this.#options.failed);
    // Messages of the last moment are settled first; `idle` brings us here again.
    if (session.outstanding > 0 || !this.#sessions.has(session)) return;
    this.#drop(session);
    this.#lastId = session.sessionId;
    try {
      await session.close();
    } finally {
      this.#fill();
    }
  }

  /** The next message of a session takes a round trip; letting go before that would cost four per message. */
  #contestedIdleMs(): number {
    return Math.min(SESSION_IDLE_MS, Math.max(CONTESTED_IDLE_MS, 3 * this.#roundTripMs));
  }

  #drop(session: Session): void {
    this.#sessions.delete(session);
    this.#fresh.delete(session);
    this.#idleTimers.get(session)?.cancel();
    this.#idleTimers.delete(session);
  }

  #track(work: Promise<void>): void {
    this.#stopping.add(work);
    void work.finally(() => this.#stopping.delete(work));
  }

  #pauseAccepts(): void {
    this.#pause ??= this.#options.clock.setTimer(() => {
      this.#pause = undefined;
      this.#fill();
    }, ACCEPT_PAUSE_MS);
  }

  /** The SDK cannot take an accept back: a session that it still brings is let go at once. */
  #cancelAccepts(): void {
    this.#accepts.abort();
    this.#accepts = new AbortController();
  }

  #watch(): void {
    this.#tick ??= this.#options.clock.setTimer(() => {
      this.#tick = undefined;
      for (const session of [...this.#sessions]) if (session.isDead) session.lose(sessionEnded());
      if (this.#sessions.size > 0 && !this.#isClosed) this.#watch();
    }, TICK_MS);
  }
}

function sessionEnded(): QueueError {
  return new QueueError("LEASE_LOST", { what: "the link to the session was closed", provider: PROVIDER });
}
