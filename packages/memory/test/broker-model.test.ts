import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Broker, type Destination } from "../src/broker/broker.ts";
import type { Mailbox } from "../src/broker/mailbox.ts";
import type { Lease } from "../src/broker/stored-message.ts";
import { NaiveMailbox, type NaiveLease } from "./naive-mailbox.ts";

const WINDOW_MS = 50;
const BODY = new Uint8Array();

type Step =
  | {
      readonly do: "send";
      readonly key: string | undefined;
      readonly delayMs: number;
      readonly ttlMs: number | undefined;
      readonly deduplicationId: string | undefined;
    }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "receive"; readonly maxItems: number; readonly leaseMs: number }
  | { readonly do: "ack" | "bury" | "revoke"; readonly pick: number }
  | {
      readonly do: "release";
      readonly pick: number;
      readonly delayMs: number;
      readonly cause: "retry" | "unstarted";
    }
  | { readonly do: "extend"; readonly pick: number; readonly leaseMs: number }
  | { readonly do: "cancel"; readonly sequence: number }
  | { readonly do: "purge" };

const pick = fc.nat(40);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      key: fc.constantFrom(undefined, "a", "b", "c"),
      delayMs: fc.constantFrom(0, 0, 0, 5, 20),
      ttlMs: fc.constantFrom(undefined, undefined, undefined, 10, 30),
      deduplicationId: fc.constantFrom(undefined, undefined, "x", "y"),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(25) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("receive" as const),
      maxItems: fc.integer({ min: 1, max: 5 }),
      leaseMs: fc.integer({ min: 1, max: 30 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("ack", "bury", "revoke"), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("release" as const),
      pick,
      delayMs: fc.constantFrom(0, 0, 7, 15),
      cause: fc.constantFrom("retry", "unstarted"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("extend" as const),
      pick,
      leaseMs: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), sequence: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("purge" as const) }) },
);

/** Runs every step on both the broker and the naive list, and compares them. */
class Comparison {
  readonly #broker: Broker;
  readonly #queue: Destination;
  readonly #mailbox: Mailbox;
  readonly #dead: Mailbox;
  readonly #naive: NaiveMailbox;
  readonly #leases: { readonly real: Lease; readonly naive: NaiveLease }[] = [];
  readonly #seenIds = new Map<string, { readonly sequence: number; readonly untilMs: number }>();
  readonly #tokens = new Set<number>();
  #nowMs = 0;

  constructor(options: { readonly seed: number | undefined; readonly maxDeliveries: number | undefined }) {
    this.#broker = new Broker({ seed: options.seed, deduplicationWindowMs: WINDOW_MS });
    this.#queue = this.#broker.createQueue("q");
    const mailbox = this.#queue.mailboxes.get("q");
    if (mailbox === undefined) throw new Error("the queue has no mailbox");
    this.#mailbox = mailbox;
    this.#mailbox.maxDeliveries = options.maxDeliveries;
    this.#dead = this.#broker.deadLettersOf(mailbox);
    this.#naive = new NaiveMailbox(options.maxDeliveries);
  }

  /** Returns how many steps agreed; throws at the first that does not. */
  run(steps: readonly Step[]): number {
    for (const next of steps) {
      this.#naive.advance(this.#nowMs);
      this.#take(next);
      // Looking advances the broker, but the operation after a pause must find by itself what is over.
      if (next.do !== "pass") this.#compare();
    }
    return steps.length;
  }

  /** Receives and acks everything that is left: nothing is stuck, nothing was lost. */
  drain(): void {
    const expected = this.#naive.messages.filter(
      ({ expiresAtMs }) => expiresAtMs === Number.POSITIVE_INFINITY,
    );
    const got: number[] = [];
    for (let round = 0; round < 50; round += 1) {
      this.#nowMs += 100;
      for (const lease of this.#mailbox.receive(10, 50, this.#nowMs)) {
        expect(this.#mailbox.ack(lease, this.#nowMs)).toBe(true);
        got.push(lease.message.sequence);
      }
    }
    const buried = this.#dead.browse(this.#nowMs).map(({ sequence }) => sequence);
    for (const { sequence } of expected) expect([...got, ...buried]).toContain(sequence);
    expect(got).toHaveLength(new Set(got).size);
    expect(this.#mailbox.counts).toEqual({ visible: 0, leased: 0, delayed: 0 });
  }

  #take(next: Step): void {
    switch (next.do) {
      case "send":
        this.#send(next);
        break;
      case "pass":
        this.#nowMs += next.ms;
        this.#naive.advance(this.#nowMs);
        break;
      case "receive":
        this.#receive(next.maxItems, next.leaseMs);
        break;
      case "cancel":
        expect(this.#broker.cancel(next.sequence, this.#nowMs)).toBe(this.#naive.cancel(next.sequence));
        break;
      case "purge":
        this.#mailbox.advance(this.#nowMs);
        this.#mailbox.purge();
        this.#naive.purge();
        break;
      case "ack":
      case "bury":
      case "revoke":
      case "release":
      case "extend":
        this.#settle(next);
    }
  }

  #send({ key, delayMs, ttlMs, deduplicationId }: Extract<Step, { do: "send" }>): void {
    const content = {
      id: "m",
      body: BODY,
      contentType: "text/plain",
      attributes: {},
      ...(key === undefined ? {} : { orderingKey: key }),
      ...(deduplicationId === undefined ? {} : { deduplicationId }),
    };
    const submission = { content, isDeduplicated: true, delayMs, ttlMs, enqueuedAtMs: 0 };
    const { sequence, isDuplicate } = this.#broker.submit(this.#queue, submission, this.#nowMs);
    const seen = deduplicationId === undefined ? undefined : this.#seenIds.get(deduplicationId);
    const isKnown = seen !== undefined && seen.untilMs > this.#nowMs;
    expect(isDuplicate).toBe(isKnown);
    if (isKnown) {
      expect(sequence).toBe(seen.sequence);
      return;
    }
    if (deduplicationId !== undefined) {
      this.#seenIds.set(deduplicationId, { sequence, untilMs: this.#nowMs + WINDOW_MS });
    }
    this.#naive.send(sequence, key, delayMs, ttlMs, this.#nowMs);
  }

  #receive(maxItems: number, leaseMs: number): void {
    const open = this.#naive.deliverable();
    const leases = this.#mailbox.receive(maxItems, leaseMs, this.#nowMs);
    expect(leases).toHaveLength(Math.min(maxItems, open.length));
    for (const real of leases) {
      const { orderingKey: key } = real.message.content;
      // Without a key any visible message is right; with one, only the oldest that was not taken yet.
      const index = open.findIndex((message) =>
        key === undefined ? message.sequence === real.message.sequence : message.key === key,
      );
      const [expected] = index === -1 ? [] : open.splice(index, 1);
      expect(real.message.sequence).toBe(expected?.sequence);
      expect(this.#tokens.has(real.token)).toBe(false);
      this.#tokens.add(real.token);
      if (expected === undefined) continue;
      this.#leases.push({ real, naive: this.#naive.lease(expected, this.#nowMs + leaseMs) });
      expect(real.deliveryCount).toBe(expected.deliveries);
    }
  }

  #settle(next: Extract<Step, { readonly pick: number }>): void {
    const chosen = this.#leases[next.pick % Math.max(1, this.#leases.length)];
    if (chosen === undefined) return;
    const { real, naive } = chosen;
    const nowMs = this.#nowMs;
    switch (next.do) {
      case "ack":
        expect(this.#mailbox.ack(real, nowMs)).toBe(this.#naive.ack(naive));
        break;
      case "bury": {
        const order = { reason: "test", attributes: { "aq-dead-reason": "test" } };
        expect(this.#mailbox.bury(real, order, nowMs)).toBe(this.#naive.bury(naive));
        break;
      }
      case "revoke": {
        const isOpen = naive.state === "open";
        expect(this.#mailbox.revoke(real, nowMs)).toBe(isOpen);
        if (isOpen) this.#naive.end(naive, "lost", 0, nowMs);
        break;
      }
      case "release":
        expect(this.#mailbox.release(real, next.delayMs, next.cause, nowMs)).toBe(
          this.#naive.release(naive, next.delayMs, next.cause, nowMs),
        );
        break;
      case "extend":
        expect(this.#mailbox.extend(real, next.leaseMs, nowMs)).toBe(naive.state === "open");
        if (naive.state === "open") naive.message.dueAtMs = nowMs + next.leaseMs;
    }
  }

  #compare(): void {
    const shown = this.#mailbox.browse(this.#nowMs).map(({ sequence, state, deliveryCount }) => ({
      sequence,
      state,
      deliveries: deliveryCount,
    }));
    const expected = this.#naive.messages
      .toSorted((a, b) => a.sequence - b.sequence)
      .map(({ sequence, state, deliveries }) => ({ sequence, state, deliveries }));
    expect(shown).toEqual(expected);
    expect(this.#mailbox.hasReady).toBe(this.#naive.deliverable().length > 0);
    expect(this.#mailbox.counts).toEqual({
      visible: expected.filter(({ state }) => state === "visible").length,
      leased: expected.filter(({ state }) => state === "leased").length,
      delayed: expected.filter(({ state }) => state === "delayed" || state === "scheduled").length,
    });
    expect(this.#dead.browse(this.#nowMs).map(({ sequence }) => sequence)).toEqual(
      this.#naive.dead.toSorted((a, b) => a - b),
    );
    for (const { real, naive } of this.#leases) expect(real.state).toBe(naive.state);
  }
}

describe("the broker", () => {
  const options = fc.record({
    seed: fc.option(fc.nat(1_000), { nil: undefined }),
    maxDeliveries: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  });

  test("does what the naive list does, whatever happens in whatever order", () => {
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 60, size: "max" }), (given, steps) => {
        expect(new Comparison(given).run(steps)).toBe(steps.length);
      }),
      { numRuns: 300 },
    );
  });

  test("hands over in the end, once each, all that was neither acked, expired, cancelled nor purged", () => {
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 40, size: "max" }), (given, steps) => {
        const comparison = new Comparison(given);
        expect(comparison.run(steps)).toBe(steps.length);
        comparison.drain();
      }),
      { numRuns: 100 },
    );
  });
});
