import fc from "fast-check";
import { expect, test } from "vitest";
import { consume, manualPubsub, take, type ManualPubsub } from "../../../../test/support/manual-pubsub.ts";
import type { Delivery } from "./consumer.ts";
import { durationOf } from "./resources.ts";
import type { Subscription } from "./subscription.ts";

type Step =
  | { readonly kind: "publish"; readonly key: number; readonly count: number }
  | { readonly kind: "take"; readonly max: number }
  | { readonly kind: "ack" | "nack" | "extend" | "giveUp"; readonly pick: number }
  | { readonly kind: "advance"; readonly ms: number };

const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("publish" as const),
      key: fc.nat(2),
      count: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ kind: fc.constant("take" as const), max: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constantFrom("ack" as const, "nack", "extend", "giveUp"), pick: fc.nat(20) }),
    fc.record({ kind: fc.constant("advance" as const), ms: fc.constantFrom(100, 2000, 6000, 11_000) }),
  ),
  { maxLength: 60 },
);

interface Held {
  readonly delivery: Delivery;
  untilMs: number;
}

/** Records beside a subscription what was published, what is acknowledged, and who holds what. */
class Books {
  readonly #pubsub: ManualPubsub;
  readonly #subscription: Subscription;
  readonly published: { readonly id: string; readonly key: string }[] = [];
  readonly acknowledged = new Set<string>();
  readonly held: Held[] = [];

  constructor(pubsub: ManualPubsub, subscription: Subscription) {
    this.#pubsub = pubsub;
    this.#subscription = subscription;
  }

  async play(step: Step): Promise<readonly Delivery[]> {
    if (step.kind === "publish") this.#publish(step.key, step.count);
    else if (step.kind === "advance") await this.#pubsub.clock.advance(step.ms);
    else if (step.kind === "take") return this.#take(step.max);
    else this.#settle(step.kind, step.pick);
    return [];
  }

  #publish(key: number, count: number): void {
    const orderingKey = key === 0 ? "" : `k${key}`;
    const bodies = Array.from({ length: count }, () => "x");
    for (const id of this.#pubsub.publish(orderingKey, ...bodies))
      this.published.push({ id, key: orderingKey });
  }

  #take(max: number): readonly Delivery[] {
    const deliveries = take(this.#subscription, max);
    const untilMs = this.#pubsub.clock.now() + 10_000;
    for (const delivery of deliveries) this.held.push({ delivery, untilMs });
    return deliveries;
  }

  #settle(kind: "ack" | "nack" | "extend" | "giveUp", pick: number): void {
    const index = pick % Math.max(1, this.held.length);
    const held = this.held[index];
    if (held === undefined) return;
    const { ackId, message } = held.delivery;
    if (kind !== "extend") this.held.splice(index, 1);
    if (kind === "giveUp") return;
    if (kind === "ack") {
      const { done } = this.#subscription.acknowledge([ackId]);
      if (done.length > 0) this.acknowledged.add(message.id);
    } else {
      const { done } = this.#subscription.modifyAckDeadline([ackId], kind === "nack" ? 0 : 15_000);
      if (kind === "extend" && done.length > 0) held.untilMs = this.#pubsub.clock.now() + 15_000;
    }
  }
}

const SETTINGS = [
  { enableMessageOrdering: false, enableExactlyOnceDelivery: false },
  { enableMessageOrdering: false, enableExactlyOnceDelivery: true },
  { enableMessageOrdering: true, enableExactlyOnceDelivery: false },
  { enableMessageOrdering: true, enableExactlyOnceDelivery: true },
].map((settings) => ({
  ...settings,
  retryPolicy: { minimumBackoff: durationOf(1000), maximumBackoff: durationOf(4000) },
}));

test.each(SETTINGS)("nothing is lost, and a count is never wrong (%j)", async (settings) => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const pubsub = manualPubsub();
      const subscription = pubsub.subscription("orders-sub", settings);
      const books = new Books(pubsub, subscription);
      for (const step of plan) {
        await books.play(step);
        const states = subscription.backlog.all().map(({ state }) => state);
        expect(states.filter((state) => state === "leased")).toHaveLength(subscription.backlog.leased);
        expect(states.some((state) => state === "gone" || state === "settled")).toBe(false);
        if (settings.enableMessageOrdering) expectFailuresToTakeFollowersBack(subscription);
      }
      await pubsub.clock.advance(20_000);
      const { got } = consume(subscription, { ackDeadlineMs: 600_000 });
      const rest = new Set(got.map(({ message }) => message.id));
      for (const { id } of books.published) {
        expect([id, rest.has(id) || books.acknowledged.has(id)]).toEqual([id, true]);
      }
      // Only exactly-once makes an ack final. Otherwise an earlier failure brings a message of its key back.
      const final = settings.enableExactlyOnceDelivery ? [...books.acknowledged] : [];
      expect(final.filter((id) => rest.has(id))).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

/** Within a key, leased messages come before ready ones, because a failure takes back all that follow it. */
function expectFailuresToTakeFollowersBack(subscription: Subscription): void {
  const byKey = Map.groupBy(subscription.backlog.all(), ({ message }) => message.orderingKey);
  byKey.delete("");
  for (const entries of byKey.values()) {
    const inOrder = entries.toSorted((left, right) => left.message.number - right.message.number);
    const states = inOrder.map(({ state }) => state);
    const firstOpen = states.indexOf("ready");
    expect(firstOpen < 0 ? [] : states.slice(firstOpen).filter((state) => state === "leased")).toEqual([]);
  }
}

test.each(SETTINGS)(
  "a message under a valid lease is not delivered to another consumer (%j)",
  async (settings) => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const pubsub = manualPubsub();
        const books = new Books(pubsub, pubsub.subscription("orders-sub", settings));
        for (const step of plan) {
          const before = [...books.held];
          const now = pubsub.clock.now();
          for (const { message } of await books.play(step)) {
            const other = before.find(({ delivery }) => delivery.message.id === message.id);
            if (other === undefined || other.untilMs <= now) continue;
            // In an ordered subscription a failure ends the leases of the messages after it.
            expect([settings.enableMessageOrdering, message.orderingKey]).toEqual([
              true,
              expect.stringMatching(/^k/),
            ]);
          }
        }
      }),
      { numRuns: 150 },
    );
  },
);

test.each(SETTINGS.filter(({ enableMessageOrdering }) => enableMessageOrdering))(
  "no message of a key is delivered before an earlier open one (%j)",
  async (settings) => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const pubsub = manualPubsub();
        const subscription = pubsub.subscription("orders-sub", settings);
        const books = new Books(pubsub, subscription);
        for (const step of plan) {
          const readyBefore = new Map(
            subscription.backlog.all().map(({ message, state }) => [message.id, { message, state }]),
          );
          const deliveries = await books.play(step);
          const keys = new Set(
            deliveries.map(({ message }) => message.orderingKey).filter((key) => key !== ""),
          );
          for (const key of keys) {
            const open = [...readyBefore.values()].filter(({ message }) => message.orderingKey === key);
            const got = deliveries.filter(({ message }) => message.orderingKey === key);
            // Nobody held messages of the key, and the delivered ones are the head of the open ones.
            expect(open.map(({ state }) => state).filter((state) => state !== "ready")).toEqual([]);
            const head = open.map(({ message }) => message.number).toSorted((left, right) => left - right);
            expect(got.map(({ message }) => message.number)).toEqual(head.slice(0, got.length));
          }
        }
      }),
      { numRuns: 150 },
    );
  },
);
