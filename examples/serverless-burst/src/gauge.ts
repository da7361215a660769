/** One interval of a run. */
export interface Sample {
  /** The end of the interval, since the start. */
  readonly atMs: number;
  /** Orders that are sent but not yet charged. */
  readonly backlog: number;
  readonly sentPerSecond: number;
  readonly chargedPerSecond: number;
  /** 95 % of the orders charged in the interval waited no longer. Undefined if none was charged. */
  readonly waitP95Ms: number | undefined;
}

/** Counts orders and makes a sample of each interval. */
export class Gauge {
  readonly samples: Sample[] = [];
  readonly #startedAtMs: number;
  readonly #charged = new Set<string>();
  #sent = 0;
  #last = { atMs: 0, sent: 0, charged: 0 };
  #waits: number[] = [];
  /** Orders that were charged a second time. */
  repeated = 0;

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: number) {
    this.#startedAtMs = now;
  }

  get charged(): number {
    return this.#charged.size;
  }

  countSent(count: number): void {
    this.#sent += count;
  }

  countCharged(orderId: string, waitedMs: number): void {
    if (this.#charged.has(orderId)) this.repeated += 1;
    this.#charged.add(orderId);
    this.#waits.push(waitedMs);
  }

  /** Ends the current interval. */
  sample(now: number): void {
    const atMs = now - this.#startedAtMs;
    const seconds = (atMs - this.#last.atMs) / 1_000;
    if (seconds <= 0) return;
    const { sent, charged } = this.#last;
    this.samples.push({
      atMs,
      backlog: Math.max(0, this.#sent - this.charged),
      sentPerSecond: (this.#sent - sent) / seconds,
      chargedPerSecond: (this.charged - charged) / seconds,
      waitP95Ms: percentile95(this.#waits),
    });
    this.#last = { atMs, sent: this.#sent, charged: this.charged };
    this.#waits = [];
  }
}

function percentile95(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1];
}
