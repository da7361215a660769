import type { HistoryEvent } from "../../src/history/history-event.ts";
import { history, type HistoryBuilder } from "./history-builder.ts";

/** What happens next in the simulated world; every number is taken modulo what is possible. */
export interface Step {
  readonly what: "send" | "deliver" | "finish" | "kill" | "wait";
  readonly pick: number;
  readonly luck: number;
}

interface Held {
  readonly mid: string;
  readonly tok: string;
  readonly proc: string;
}

interface Stored {
  readonly mid: string;
  attempt: number;
  isHeld: boolean;
}

const LEASE_MS = 1_000;
const ATTEMPTS = 3;
const KEYS = 3;

/** A small correct broker with correct workers. Whatever the steps are, its history keeps every promise. */
export function simulateRun(steps: readonly Step[]): readonly HistoryEvent[] {
  const world = new World();
  for (const step of steps) world.take(step);
  return world.finish();
}

/** What the simulated world promises. */
export const SIMULATED_PROMISES = {
  ordered: true,
  deliveryCount: "exact",
  attempts: ATTEMPTS,
  concurrency: 8,
  prefetch: 0,
} as const;

class World {
  readonly #history: HistoryBuilder = history();
  /** By key, in order; only the first may be held. */
  readonly #queues: Stored[][] = Array.from({ length: KEYS }, () => []);
  readonly #held: Held[] = [];
  /** Handed out to a process that stands still, and since then to somebody else. */
  readonly #unread: { readonly mid: string; readonly tok: string; readonly attempt: number }[] = [];
  #sent = 0;
  #handed = 0;
  #worker = 0;

  take({ what, pick, luck }: Step): void {
    if (what === "send") this.#send(pick % KEYS, luck);
    else if (what === "deliver") {
      if (luck % 5 === 0) this.#handToSleeper(pick);
      this.#deliver(pick);
    } else if (what === "finish") this.#finishOne(pick, luck);
    else if (what === "kill") this.#kill();
    else {
      this.#history.wait(luck % 50);
      this.#wakeSleeper();
    }
  }

  /** Handles what is left one by one, then drains. */
  finish(): readonly HistoryEvent[] {
    while (this.#held.length > 0) this.#finishOne(0, 0);
    while (this.#queues.some((queue) => queue.length > 0)) {
      this.#deliver(0);
      this.#finishOne(0, 0);
    }
    this.#wakeSleeper();
    return this.#history.drained();
  }

  #send(key: number, luck: number): void {
    this.#sent += 1;
    const mid = `m-${this.#sent}`;
    const traits = { key: `k-${key}`, kseq: this.#sent };
    const outcome = luck % 10 === 0 ? "fail" : luck % 10 === 1 ? "info" : "ok";
    this.#history.send(mid, outcome, traits);
    if (outcome !== "fail") this.#queues[key]?.push({ mid, attempt: 0, isHeld: false });
  }

  /** The lease ends before its holder has read anything. */
  #handToSleeper(pick: number): void {
    const stored = this.#next(pick);
    if (stored === undefined) return;
    stored.attempt += 1;
    this.#handed += 1;
    const tok = `t-${this.#handed}`;
    this.#unread.push({ mid: stored.mid, tok, attempt: stored.attempt });
    this.#history.handOut(tok).wait(LEASE_MS);
  }

  #wakeSleeper(): void {
    for (const { mid, tok, attempt } of this.#unread.splice(0)) {
      this.#history.deliver(mid, tok, { proc: "sleeper", attempt, leaseMs: 0, lease: tok });
    }
  }

  /** A message that may be handed out. */
  #next(pick: number): Stored | undefined {
    const free = this.#queues.filter((queue) => queue[0] !== undefined && !queue[0].isHeld);
    return free[pick % Math.max(free.length, 1)]?.[0];
  }

  #deliver(pick: number): void {
    const stored = this.#next(pick);
    if (stored === undefined) return;
    stored.attempt += 1;
    stored.isHeld = true;
    this.#handed += 1;
    const held = { mid: stored.mid, tok: `t-${this.#handed}`, proc: `worker-${this.#worker}` };
    this.#history
      .handOut(held.tok)
      .deliver(held.mid, held.tok, {
        proc: held.proc,
        attempt: stored.attempt,
        leaseMs: 3_600_000,
        lease: held.tok,
      })
      .start(held.tok);
    this.#held.push(held);
  }

  #finishOne(pick: number, luck: number): void {
    const [held] = this.#held.splice(pick % Math.max(this.#held.length, 1), 1);
    if (held === undefined) return;
    const queue = this.#queues.find(([first]) => first?.mid === held.mid);
    const stored = queue?.[0];
    if (queue === undefined || stored === undefined) return;
    const { tok, mid } = held;
    if (luck % 3 !== 0 && stored.attempt < ATTEMPTS) {
      this.#history.end(tok, "throw").settle(tok, "release");
      stored.isHeld = false;
      return;
    }
    queue.shift();
    if (luck % 3 === 0) this.#history.end(tok).settle(tok);
    else this.#history.end(tok, "dead").settle(tok, "dead").deadLetter(mid);
  }

  /** The worker dies; its messages come back when their leases end. */
  #kill(): void {
    if (this.#held.length === 0) return;
    this.#history.kill(`worker-${this.#worker}`).wait(LEASE_MS);
    this.#worker += 1;
    for (const { mid } of this.#held.splice(0)) {
      const stored = this.#queues.flat().find((one) => one.mid === mid);
      if (stored !== undefined) stored.isHeld = false;
    }
  }
}
