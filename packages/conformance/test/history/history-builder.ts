import type {
  CloseReport,
  EventMembers,
  EventType,
  HandleResult,
  HistoryEvent,
  SettleKind,
} from "../../src/history/history-event.ts";

const MS = 1_000_000;

/** The fields of a message that a test wants to change. */
export interface MessageTraits {
  readonly proc?: string;
  readonly key?: string;
  readonly kseq?: number;
  readonly dedup?: string;
  readonly hash?: string;
  readonly delayMs?: number;
  readonly ttlMs?: number;
}

/** The fields of a hand-over that a test wants to change. */
export interface HandoverTraits {
  readonly proc?: string;
  readonly consumer?: string;
  readonly bid?: string;
  readonly hash?: string;
  readonly attempt?: number;
  readonly leaseMs?: number;
  readonly key?: string;
  /** The service's name for it. */
  readonly lease?: string;
  /** Of a lease that several deliveries share. */
  readonly shared?: string;
}

/** Writes a history by hand, in milliseconds from 0. Each call is one event, 1 ms after the last. */
export class HistoryBuilder {
  readonly events: HistoryEvent[] = [];
  #nowMs = 0;
  #next = 1;

  /** Lets time pass. */
  wait(ms: number): this {
    this.#nowMs += ms;
    return this;
  }

  event<Type extends EventType>(
    type: Type,
    members: EventMembers[Type],
    where: { proc?: string; op?: string } = {},
  ): string {
    this.#nowMs += 1;
    const op = where.op ?? `op-${this.#next++}`;
    const base = { t: this.#nowMs * MS, w: this.#nowMs, proc: where.proc ?? "worker", op, type };
    this.events.push({ ...base, ...members } as HistoryEvent);
    return op;
  }

  /** A send with its outcome; `died` means that nobody ever knew. */
  send(mid: string, outcome: "ok" | "fail" | "info" | "died" = "ok", traits: MessageTraits = {}): this {
    const { proc = "sender", hash = `hash of ${mid}`, ...rest } = traits;
    const op = this.event("send.invoke", { mid, dest: "orders", hash, ...rest }, { proc });
    if (outcome === "ok") this.event("send.ok", { bid: `b-${mid}` }, { proc, op });
    else if (outcome !== "died") this.event(`send.${outcome}`, { code: "TIMEOUT" }, { proc, op });
    return this;
  }

  deliver(mid: string, tok: string, traits: HandoverTraits = {}): this {
    const {
      proc,
      consumer = "c-1",
      bid = `b-${mid}`,
      hash = `hash of ${mid}`,
      attempt,
      leaseMs,
      key,
      lease,
      shared,
    } = traits;
    this.event(
      "deliver",
      {
        mid,
        tok,
        bid,
        hash,
        consumer,
        dest: "orders",
        ...(key === undefined ? {} : { key }),
        ...(lease === undefined ? {} : { lease }),
        ...(shared === undefined ? {} : { shared }),
        ...(attempt === undefined ? {} : { attempt }),
        ...(leaseMs === undefined ? {} : { leaseUntil: (this.#nowMs + 1 + leaseMs) * MS }),
      },
      proc === undefined ? {} : { proc },
    );
    return this;
  }

  start(tok: string): this {
    this.event("handle.start", { tok });
    return this;
  }

  end(tok: string, result: HandleResult = "ack"): this {
    this.event("handle.end", { tok, result });
    return this;
  }

  abort(tok: string): this {
    this.event("handle.abort", { tok, reason: "LEASE_LOST" });
    return this;
  }

  settle(
    tok: string,
    kind: SettleKind = "ack",
    outcome: "ok" | "lost" | "fail" | "info" | "open" = "ok",
    delayMs?: number,
  ): this {
    const op = this.event("settle.invoke", { tok, kind, ...(delayMs === undefined ? {} : { delayMs }) });
    if (outcome !== "open") this.event(`settle.${outcome}`, { tok, kind }, { op });
    return this;
  }

  /** Lasts `forMs` milliseconds from now, if it is confirmed. */
  renew(tok: string, outcome: "ok" | "lost" | "fail" = "ok", forMs = 1_000): this {
    const op = this.event("renew.invoke", { tok });
    if (outcome === "ok") this.event("renew.ok", { tok, until: (this.#nowMs + 1 + forMs) * MS }, { op });
    else this.event(`renew.${outcome}`, { tok }, { op });
    return this;
  }

  /** From the hand-over to the confirmed ack. */
  handle(mid: string, tok: string, traits: HandoverTraits = {}): this {
    return this.deliver(mid, tok, traits).start(tok).end(tok).settle(tok);
  }

  /** From the hand-over to the confirmed release after a failure. */
  fail(mid: string, tok: string, traits: HandoverTraits = {}): this {
    return this.deliver(mid, tok, traits).start(tok).end(tok, "throw").settle(tok, "release");
  }

  /** From the hand-over to the dead letter that was read. */
  bury(mid: string, tok: string, traits: HandoverTraits = {}): this {
    return this.deliver(mid, tok, traits).start(tok).end(tok, "dead").settle(tok, "dead").deadLetter(mid);
  }

  deadLetter(
    mid: string,
    more: { readonly bid?: string; readonly hash?: string; readonly reason?: string | undefined } = {},
  ): this {
    const { bid = `dead-${mid}`, hash = `hash of ${mid}` } = more;
    const reason = "reason" in more ? more.reason : "it would not work";
    this.event("dlq.deliver", { mid, bid, hash, ...(reason === undefined ? {} : { reason }) });
    return this;
  }

  fault(name: string): this {
    this.event("fault.start", { fault: name });
    this.event("fault.stop", { fault: name });
    return this;
  }

  close(report: CloseReport, where: { readonly consumer?: string; readonly proc?: string } = {}): this {
    const { consumer = "c-1", proc = "worker" } = where;
    this.event("consumer.close", { consumer, report }, { proc });
    return this;
  }

  /** The service's own record. */
  handOut(lease: string): this {
    this.event("hand.out", { lease }, { proc: "service" });
    return this;
  }

  /** From the same record. */
  broken(lease: string): this {
    this.event("lease.broken", { lease }, { proc: "service" });
    return this;
  }

  /** The worker sends a copy to the dead letters. */
  copy(mid: string, proc?: string): this {
    this.event("copy.invoke", { mid }, proc === undefined ? {} : { proc });
    return this;
  }

  /** The process does nothing until `wake`. */
  still(proc: string): this {
    this.event("proc.still", { of: proc }, { proc: "watcher" });
    return this;
  }

  wake(proc: string): this {
    this.event("proc.wake", { of: proc }, { proc: "watcher" });
    return this;
  }

  deleteQueue(dest = "orders"): this {
    this.event("queue.deleted", { dest }, { proc: "watcher" });
    return this;
  }

  kill(proc: string): this {
    this.event("proc.exit", { of: proc, signal: "SIGKILL" }, { proc: "watcher" });
    return this;
  }

  /** Ends the history with a proof that the queue is empty. */
  drained(): readonly HistoryEvent[] {
    this.event("drain.start", { dest: "orders" }, { proc: "watcher" });
    this.event("drain.end", { dest: "orders", emptyPolls: 3, depth: 0 }, { proc: "watcher" });
    return this.events;
  }
}

/** A new history. */
export function history(): HistoryBuilder {
  return new HistoryBuilder();
}
