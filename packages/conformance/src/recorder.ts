import assert from "node:assert/strict";
import type { Handler, HandlerContext, Message } from "@anyqueue/core";
import type { Body } from "./test-queue.ts";

/** One run of a handler. */
export interface HandledDelivery {
  readonly message: Message<Body>;
  readonly context: HandlerContext;
  readonly seq: number;
  readonly key: string;
  readonly attempt: number;
  readonly startedAtMs: number;
  endedAtMs: number | undefined;
  /** What the handler threw. */
  error: unknown;
}

/** Keeps every run of a case's handlers, including duplicates. */
export class Recorder {
  readonly deliveries: HandledDelivery[] = [];
  readonly #now: () => number;
  readonly #accept: (body: unknown) => void;
  #running = 0;
  #maxRunning = 0;
  readonly #runningKeys = new Map<string, number>();
  #overlappingKeys = 0;

  /** @param accept throws for a body that does not belong to the case */
  constructor(now: () => number, accept: (body: unknown) => void) {
    this.#now = now;
    this.#accept = accept;
  }

  /** A handler that records, then calls `inner`. */
  handler(inner: Handler<Body> = () => undefined): Handler<Body> {
    return async (message, context) => {
      this.#accept(message.body);
      const delivery = this.#start(message, context);
      try {
        return await inner(message, context);
      } catch (error) {
        delivery.error = error;
        throw error;
      } finally {
        this.#end(delivery);
      }
    };
  }

  get running(): number {
    return this.#running;
  }

  get maxRunning(): number {
    return this.#maxRunning;
  }

  /** How often two handlers of one key ran at the same time. */
  get overlappingKeys(): number {
    return this.#overlappingKeys;
  }

  get started(): number {
    return this.deliveries.length;
  }

  /** Runs that ended without a throw. */
  get succeeded(): number {
    return this.deliveries.filter(
      (delivery) => delivery.endedAtMs !== undefined && delivery.error === undefined,
    ).length;
  }

  /** Sequence numbers in the order in which handlers started. */
  seqs(key?: string): readonly number[] {
    return this.deliveries
      .filter((delivery) => key === undefined || delivery.key === key)
      .map(({ seq }) => seq);
  }

  runsOf(seq: number): readonly HandledDelivery[] {
    return this.deliveries.filter((delivery) => delivery.seq === seq);
  }

  /** Asserts that the started runs have exactly these sequence numbers, each as often as listed. */
  assertSeqs(expected: readonly number[]): void {
    assert.deepEqual(
      this.seqs().toSorted(ascending),
      expected.toSorted(ascending),
      "sequence numbers of all runs of handlers: one that is missing was lost, one that occurs too often was delivered or handled twice",
    );
  }

  #start(message: Message<Body>, context: HandlerContext): HandledDelivery {
    const { seq, key } = message.body;
    const delivery: HandledDelivery = {
      message,
      context,
      seq,
      key,
      attempt: context.attempt,
      startedAtMs: this.#now(),
      endedAtMs: undefined,
      error: undefined,
    };
    this.deliveries.push(delivery);
    this.#running += 1;
    this.#maxRunning = Math.max(this.#maxRunning, this.#running);
    const ofKey = (this.#runningKeys.get(key) ?? 0) + 1;
    this.#runningKeys.set(key, ofKey);
    if (ofKey > 1) this.#overlappingKeys += 1;
    return delivery;
  }

  #end(delivery: HandledDelivery): void {
    delivery.endedAtMs = this.#now();
    this.#running -= 1;
    this.#runningKeys.set(delivery.key, (this.#runningKeys.get(delivery.key) ?? 1) - 1);
  }
}

export function ascending(a: number, b: number): number {
  return a - b;
}

/** `[from, from + 1, …]`, `count` numbers. */
export function numbers(count: number, from = 0): readonly number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}
