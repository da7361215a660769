import { HandBacks, type Delivery, type ItemResult } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { expect, test } from "vitest";
import { GiveBacks } from "./give-backs.ts";
import type { PubsubSubscription } from "./pubsub-subscription.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";
import type { Return } from "./receiver.ts";

const UNAVAILABLE: ItemResult = { ok: false, error: Object.assign(new Error("not now"), { code: 14 }) };

/**
 * Every request gets the same answer, after `answerMs`. `requests`: ack ids of each request; `back`: those reported
 * as back; `returns`: the same as they were reported.
 */
function givingBack(
  answer: ItemResult,
  answerMs = 0,
): {
  readonly clock: ReturnType<typeof createVirtualClock>;
  readonly giveBacks: GiveBacks;
  readonly requests: (readonly string[])[];
  readonly back: string[];
  readonly returns: Return[];
  readonly handBacks: HandBacks;
} {
  const clock = createVirtualClock();
  const requests: (readonly string[])[] = [];
  const back: string[] = [];
  const returns: Return[] = [];
  const handBacks = new HandBacks();
  const subscription: Pick<PubsubSubscription, "changeDeadlines" | "handBacks"> = {
    handBacks,
    changeDeadlines: async (items) => {
      requests.push(items.map(({ ackId }) => ackId));
      if (answerMs > 0) await clock.advance(answerMs);
      return items.map(() => answer);
    },
  };
  const giveBacks = new GiveBacks({
    subscription: subscription as PubsubSubscription,
    clock,
    leaseMs: 10_000,
    events: { fault: () => undefined } as never,
    onBack: (all) => {
      returns.push(...all);
      back.push(...all.map(({ handle }) => handle.ackId));
    },
  });
  return { clock, giveBacks, requests, back, returns, handBacks };
}

const delivery = (id: string): Delivery<PubsubHandle> =>
  ({ handle: { ackId: id, messageId: id } }) as unknown as Delivery<PubsubHandle>;

test("what comes while a request is out goes with the next one", async () => {
  const { giveBacks, requests, back } = givingBack({ ok: true, value: undefined });
  giveBacks.add([delivery("1")]);
  giveBacks.add([delivery("2")]);
  giveBacks.add([delivery("3")]);
  await giveBacks.close();
  expect(requests).toEqual([["1"], ["2", "3"]]);
  expect(back).toEqual(["1", "2", "3"]);
});

test("what comes when all has gone back goes back too, and each counts as handed back", async () => {
  const { clock, giveBacks, requests, handBacks } = givingBack({ ok: true, value: undefined });
  giveBacks.add([delivery("1")]);
  await clock.settle();
  giveBacks.add([delivery("2")]);
  await clock.settle();
  expect(requests).toEqual([["1"], ["2"]]);
  // The service counts it as an attempt, which it was not.
  expect([handBacks.of("1"), handBacks.of("2")]).toEqual([1, 1]);
});

test("a request that fails for the moment is repeated until the lease is over", async () => {
  const { clock, giveBacks, requests, back } = givingBack(UNAVAILABLE);
  giveBacks.add([delivery("1")]);
  await clock.advance(9_000);
  expect(back).toEqual([]);
  await clock.advance(2_000);
  expect(back).toEqual(["1"]);
  const count = requests.length;
  await clock.advance(60_000);
  expect(requests).toHaveLength(count);
});

test("closing waits for three tries and no more", async () => {
  const { clock, giveBacks, requests } = givingBack(UNAVAILABLE);
  giveBacks.add([delivery("1")]);
  const closed = giveBacks.close();
  await clock.advance(1_000);
  await closed;
  expect(requests).toHaveLength(3);
});

test("a delay may have begun when its request went out, or when that was answered", async () => {
  const { giveBacks, returns } = givingBack({ ok: true, value: undefined }, 500);
  giveBacks.add([delivery("1")], 1);
  await giveBacks.close();
  expect(returns).toMatchObject([{ earliestMs: 1_000, comesAtMs: 1_500 }]);
});
