import { HandBacks, type Delivery, type ItemResult } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { expect, test } from "vitest";
import { AckIdError } from "./ack-id-error.ts";
import type { PubsubSubscription } from "./pubsub-subscription.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";
import { confirmed, giveBack } from "./receiver.ts";

test("a delivery that goes back counts before the request, and once however often it does", async () => {
  const handBacks = new HandBacks();
  const seen: number[] = [];
  const subscription: Pick<PubsubSubscription, "changeDeadlines" | "handBacks"> = {
    handBacks,
    changeDeadlines: async () => {
      seen.push(handBacks.of("m"));
      throw new Error("not now");
    },
  };
  const parts = {
    subscription: subscription as PubsubSubscription,
    events: { fault: () => undefined } as never,
  };
  const delivery = { handle: { ackId: "a", messageId: "m" } } as unknown as Delivery<PubsubHandle>;
  await giveBack(parts, [delivery]);
  await giveBack(parts, [delivery]);
  expect(seen).toEqual([1, 1]);
});

const LEASE_MS = 10_000;
const OK: ItemResult = { ok: true, value: undefined };
const GONE: ItemResult = {
  ok: false,
  error: new AckIdError("PERMANENT_FAILURE_INVALID_ACK_ID", new Error("refused")),
};
const BUSY: ItemResult = { ok: false, error: Object.assign(new Error("not now"), { code: 14 }) };

/** Confirms deliveries such as `"k1"` of the key k, or `"-1"` without one; `answers`: by delivery, for each try. @default yes */
async function confirming(ids: string, answers: Readonly<Record<string, ItemResult[]>>, keepsOrder = true) {
  const clock = createVirtualClock();
  const tries: string[] = [];
  const subscription: Pick<PubsubSubscription, "changeDeadlines" | "keepsOrder"> = {
    keepsOrder,
    changeDeadlines: async (items) => {
      tries.push(`${clock.now()}: ${items.map(({ ackId }) => ackId).join(" ")}`);
      return items.map(({ ackId }) => answers[ackId]?.shift() ?? OK);
    },
  };
  const deliveries = ids.split(" ").map((id) => ({
    orderingKey: id.startsWith("-") ? undefined : id[0],
    handle: { ackId: id, countedUntilMs: LEASE_MS - 1 },
  }));
  const parts = { subscription: subscription as PubsubSubscription, leaseMs: LEASE_MS, clock };
  const confirmation = confirmed(parts, deliveries as unknown as Delivery<PubsubHandle>[]);
  await clock.advance("2s");
  const { ours, lost, behind, gone } = await confirmation;
  const idsOf = (all: Iterable<Delivery<PubsubHandle>>) => [...all].map(({ handle }) => handle.ackId);
  return {
    tries,
    ours: idsOf(ours),
    behind: idsOf(behind),
    gone: idsOf(gone),
    lost: lost.map(({ handle, earliestMs, comesAtMs }) => `${handle.ackId} ${earliestMs} ${comesAtMs}`),
  };
}

// It may be the gone one once more, and what was published later would run before it.
test("what is confirmed behind a delivery that is gone is not ours, and does not stay here", async () => {
  const { tries, ...rest } = await confirming("k1 k2 l1 k3", { k1: [GONE], k3: [GONE] });
  expect(tries).toEqual(["0: k1 k2 l1 k3"]);
  expect(rest).toEqual({ ours: ["l1"], behind: ["k2"], gone: ["k1", "k3"], lost: ["k1 0 0"] });
});

test("what is behind a delivery of which nobody knows comes again when its lease is over", async () => {
  const { tries, ...rest } = await confirming("k1 k2 l1", { k1: [BUSY, BUSY, BUSY, BUSY] });
  expect(tries).toEqual(["0: k1 k2 l1", "200: k1", "500: k1"]);
  expect(rest).toEqual({
    ours: ["l1"],
    behind: [],
    gone: [],
    lost: [`k1 ${LEASE_MS - 1} ${500 + LEASE_MS}`],
  });
});

test("a delivery that is confirmed by a later try is ours, and so is what follows it", async () => {
  const { ours, lost } = await confirming("k1 k2", { k1: [BUSY] });
  expect([ours, lost]).toEqual([["k1", "k2"], []]);
});

test.each([
  ["order", "k1 k2", false],
  ["key", "-1 -2", true],
])("without %s each delivery stands for itself", async (_what, ids, keepsOrder) => {
  const [gone = "", other] = ids.split(" ");
  const { ours, lost, behind } = await confirming(ids, { [gone]: [GONE] }, keepsOrder);
  expect([ours, lost, behind]).toEqual([[other], [], []]);
});
