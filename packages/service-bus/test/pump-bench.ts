import { createVirtualClock, type VirtualClock } from "@anyqueue/core/testing";
import { SessionPump, type PumpedSession } from "../src/session-pump.ts";

/** A session of which the test says what happens. */
export class FakeSession implements PumpedSession {
  readonly sessionId: string;
  readonly startedAtMs: number;
  readonly log: string[] = [];
  outstanding = 0;
  isTaking = true;
  isDead = false;
  /** The error with which stopping and closing it fail. */
  endError: Error | undefined;
  #onLost: (session: FakeSession) => void;

  constructor(sessionId: string, startedAtMs: number, onLost: (session: FakeSession) => void) {
    this.sessionId = sessionId;
    this.startedAtMs = startedAtMs;
    this.#onLost = onLost;
  }

  start(): void {
    this.log.push("start");
    if (this.isDead) throw new Error("the link was closed with its answer");
  }

  async stop(): Promise<void> {
    if (this.isTaking) this.log.push("stop");
    this.isTaking = false;
    if (this.endError !== undefined) throw this.endError;
  }

  async close(): Promise<void> {
    this.log.push("close");
    if (this.endError !== undefined) throw this.endError;
  }

  pause(): void {
    this.log.push("pause");
  }

  resume(): void {
    this.log.push("resume");
  }

  lose(): void {
    this.log.push("lose");
    this.#onLost(this);
  }
}

/** A service whose sessions are handed out when the test says so. */
export class PumpBench {
  readonly clock: VirtualClock = createVirtualClock();
  readonly pending: PromiseWithResolvers<FakeSession>[] = [];
  readonly failures: unknown[] = [];
  readonly pump = new SessionPump<FakeSession>({
    clock: this.clock,
    accept: () => {
      const accept = Promise.withResolvers<FakeSession>();
      this.pending.push(accept);
      return accept.promise;
    },
    failed: (error) => void this.failures.push(error),
  });

  /** @param isDead true if its link is gone before it has begun */
  async give(sessionId: string, isDead = false): Promise<FakeSession> {
    const session = new FakeSession(sessionId, this.clock.now(), (lost) => this.pump.lost(lost));
    session.isDead = isDead;
    this.pending.shift()?.resolve(session);
    await settled();
    return session;
  }

  async refuse(error: unknown): Promise<void> {
    this.pending.shift()?.reject(error);
    await settled();
  }

  /** A message of the session arrives and is settled. */
  async work(session: FakeSession): Promise<void> {
    session.outstanding = 1;
    this.pump.arrived(session);
    session.outstanding = 0;
    this.pump.idle(session);
    await settled();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await settled();
  }
}

/** Lets all that is under way go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
