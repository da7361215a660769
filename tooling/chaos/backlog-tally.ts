import type { EventMembers, EventType, HandleResult, HistorySink } from "@anyqueue/conformance";
import type { EventListener } from "@anyqueue/core";
import { ACKED, HANDLED, type ConsumerReport } from "./backlog-plan.ts";

type Tallied = Pick<
  ConsumerReport,
  "handled" | "acked" | "handledTwice" | "mostHandlers" | "mostHeld" | "errors"
>;

/** Counts what a consumer does and writes no history, which would be larger than the backlog. */
export class BacklogTally implements HistorySink {
  readonly marks: Uint8Array;
  readonly #numberOf = new Map<string, number>();
  readonly #held = new Set<string>();
  readonly #errors = new Map<string, number>();
  #handled = 0;
  #acked = 0;
  #handledTwice = 0;
  #handlers = 0;
  #mostHandlers = 0;
  #mostHeld = 0;
  #operations = 0;

  constructor(size: number) {
    this.marks = new Uint8Array(size);
  }

  /** Counts the events that a backlog alone must not cause. */
  get listener(): EventListener {
    const countError = (name: string) => (): void => this.#countError(name);
    return {
      "receive-error": countError("receive-error"),
      "lease-lost": countError("lease-lost"),
      "late-result": countError("late-result"),
      "settle-failed": countError("settle-failed"),
      "dead-lettered": countError("dead-lettered"),
    };
  }

  get tallied(): Tallied {
    return {
      handled: this.#handled,
      acked: this.#acked,
      handledTwice: this.#handledTwice,
      mostHandlers: this.#mostHandlers,
      mostHeld: this.#mostHeld,
      errors: Object.fromEntries(this.#errors),
    };
  }

  operation(): string {
    this.#operations += 1;
    return String(this.#operations);
  }

  now(): number {
    return performance.now() * 1_000_000;
  }

  write<Type extends EventType>(type: Type, _op: string, members: EventMembers[Type]): void {
    if (!("tok" in members)) return;
    if ("mid" in members) this.#deliver(members.tok, numberOf(members.mid));
    else if (type === "handle.start") {
      this.#handlers += 1;
      this.#mostHandlers = Math.max(this.#mostHandlers, this.#handlers);
    } else if (type === "handle.end")
      this.#endRun(members.tok, "result" in members ? members.result : "aborted");
    else if (type === "settle.invoke") this.#held.delete(members.tok);
    else if ("kind" in members) this.#settle(type, members);
  }

  #deliver(tok: string, number: number): void {
    this.#numberOf.set(tok, number);
    this.#held.add(tok);
    this.#mostHeld = Math.max(this.#mostHeld, this.#held.size);
  }

  #endRun(tok: string, result: HandleResult): void {
    this.#handlers -= 1;
    this.#held.delete(tok);
    if (result !== "ack") return;
    const number = this.#numberOf.get(tok) ?? -1;
    if (this.#mark(number, HANDLED)) this.#handled += 1;
    else this.#handledTwice += 1;
  }

  #settle(type: EventType, { tok, kind }: EventMembers["settle.ok"]): void {
    const number = this.#numberOf.get(tok) ?? -1;
    this.#numberOf.delete(tok);
    if (type !== "settle.ok") this.#countError(type);
    else if (kind === "ack" && this.#mark(number, ACKED)) this.#acked += 1;
  }

  /** Returns false if the message is already marked or does not exist. */
  #mark(number: number, bit: number): boolean {
    const marks = this.marks[number];
    if (marks === undefined || (marks & bit) !== 0) return false;
    this.marks[number] = marks | bit;
    return true;
  }

  #countError(name: string): void {
    this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1);
  }
}

/** The id of the message with this number. */
export function idOf(number: number): string {
  return `b-${number}`;
}

/** The number in an id, or -1 for a foreign id. */
export function numberOf(id: string): number {
  const digits = /^b-(\d+)$/.exec(id)?.[1];
  return digits === undefined ? -1 : Number(digits);
}
