import { HandBacks, type Delivery } from "@anyqueue/core/adapter";
import { expect, test } from "vitest";
import type { PubsubSubscription } from "./pubsub-subscription.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";
import { giveBack } from "./receiver.ts";

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
