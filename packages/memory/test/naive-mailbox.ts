/** The broker's specification as simple code: a list that is searched from end to end. */

export interface NaiveMessage {
  readonly sequence: number;
  readonly key: string | undefined;
  readonly expiresAtMs: number;
  state: "scheduled" | "visible" | "leased" | "delayed";
  /** When the lease or the delay ends. */
  dueAtMs: number;
  /** Order within a key; undefined while scheduled. */
  place: number | undefined;
  deliveries: number;
  lease: NaiveLease | undefined;
}

export interface NaiveLease {
  readonly message: NaiveMessage;
  state: "open" | "acked" | "released" | "buried" | "lost";
}

export class NaiveMailbox {
  messages: NaiveMessage[] = [];
  readonly dead: number[] = [];
  readonly #maxDeliveries: number;
  #lastPlace = 0;

  constructor(maxDeliveries: number | undefined) {
    this.#maxDeliveries = maxDeliveries ?? Number.POSITIVE_INFINITY;
  }

  send(
    sequence: number,
    key: string | undefined,
    delayMs: number,
    ttlMs: number | undefined,
    nowMs: number,
  ): void {
    this.messages.push({
      sequence,
      key,
      expiresAtMs: ttlMs === undefined ? Number.POSITIVE_INFINITY : nowMs + delayMs + ttlMs,
      state: delayMs > 0 ? "scheduled" : "visible",
      dueAtMs: delayMs > 0 ? nowMs + delayMs : Number.POSITIVE_INFINITY,
      place: delayMs > 0 ? undefined : this.#nextPlace(),
      deliveries: 0,
      lease: undefined,
    });
  }

  /** Applies one event after the other, each at its own time. */
  advance(nowMs: number): void {
    for (let next = this.#nextDue(nowMs); next !== undefined; next = this.#nextDue(nowMs)) {
      const atMs = nextMomentOf(next);
      if (next.lease !== undefined) this.end(next.lease, "lost", 0, atMs);
      else if (next.expiresAtMs <= atMs) this.#drop(next);
      else {
        next.state = "visible";
        next.dueAtMs = Number.POSITIVE_INFINITY;
        next.place ??= this.#nextPlace();
      }
    }
  }

  /** Everything that one receive without a bound would get. */
  deliverable(): NaiveMessage[] {
    const free = this.messages.filter(({ state, key }) => state === "visible" && key === undefined);
    for (const key of new Set(this.messages.map((message) => message.key))) {
      if (key !== undefined) free.push(...this.deliverableOf(key));
    }
    return free;
  }

  /** The visible messages at the head of a key, or none while one of the key is leased. */
  deliverableOf(key: string): NaiveMessage[] {
    const placed = this.messages
      .filter((message) => message.key === key && message.place !== undefined)
      .toSorted((a, b) => (a.place ?? 0) - (b.place ?? 0));
    if (placed.some(({ state }) => state === "leased")) return [];
    const held = placed.findIndex(({ state }) => state !== "visible");
    return held === -1 ? placed : placed.slice(0, held);
  }

  lease(message: NaiveMessage, untilMs: number): NaiveLease {
    message.state = "leased";
    message.deliveries += 1;
    message.dueAtMs = untilMs;
    message.lease = { message, state: "open" };
    return message.lease;
  }

  ack(lease: NaiveLease): boolean {
    if (lease.state !== "open") return lease.state === "acked";
    lease.state = "acked";
    this.#drop(lease.message);
    return true;
  }

  release(lease: NaiveLease, delayMs: number, cause: "retry" | "unstarted", nowMs: number): boolean {
    if (lease.state !== "open") return lease.state === "released";
    if (cause === "unstarted") lease.message.deliveries -= 1;
    this.end(lease, "released", delayMs, nowMs);
    return true;
  }

  bury(lease: NaiveLease): boolean {
    if (lease.state !== "open") return lease.state === "buried";
    lease.state = "buried";
    this.#drop(lease.message);
    this.dead.push(lease.message.sequence);
    return true;
  }

  cancel(sequence: number): boolean {
    const message = this.messages.find((candidate) => candidate.sequence === sequence);
    if (message?.state !== "scheduled") return false;
    this.#drop(message);
    return true;
  }

  purge(): void {
    for (const { lease } of this.messages) if (lease !== undefined) lease.state = "lost";
    this.messages = [];
  }

  end(lease: NaiveLease, state: NaiveLease["state"], delayMs: number, nowMs: number): void {
    const { message } = lease;
    lease.state = state;
    message.lease = undefined;
    if (message.expiresAtMs <= nowMs) {
      this.#drop(message);
    } else if (message.deliveries >= this.#maxDeliveries) {
      this.#drop(message);
      this.dead.push(message.sequence);
    } else {
      message.state = delayMs > 0 ? "delayed" : "visible";
      message.dueAtMs = delayMs > 0 ? nowMs + delayMs : Number.POSITIVE_INFINITY;
    }
  }

  #nextDue(nowMs: number): NaiveMessage | undefined {
    return this.messages
      .filter((message) => nextMomentOf(message) <= nowMs)
      .toSorted((a, b) => nextMomentOf(a) - nextMomentOf(b) || a.sequence - b.sequence)[0];
  }

  #drop(message: NaiveMessage): void {
    this.messages = this.messages.filter((other) => other !== message);
  }

  #nextPlace(): number {
    this.#lastPlace += 1;
    return this.#lastPlace;
  }
}

/** A leased message does not expire before its lease ends. */
function nextMomentOf({ state, dueAtMs, expiresAtMs }: NaiveMessage): number {
  if (state === "leased") return dueAtMs;
  return Math.min(dueAtMs, expiresAtMs);
}
