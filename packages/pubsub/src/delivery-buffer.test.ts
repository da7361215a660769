import type { Delivery } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { DeliveryBuffer } from "./delivery-buffer.ts";
import { decodeMessage, type PubsubHandle } from "./pubsub-wire.ts";

const LEASE_MS = 20_000;

function buffered({ keepsOrder = false, answer = Promise.resolve() } = {}) {
  const clock = createVirtualClock();
  const lost: string[] = [];
  const renewed: string[] = [];
  const buffer = new DeliveryBuffer({
    clock,
    leaseMs: LEASE_MS,
    renew: async (deliveries) => {
      renewed.push(...deliveries.map(({ providerId }) => providerId));
      await answer;
      return { renewed: new Set(deliveries), gone: new Set() };
    },
    keepsOrder: () => keepsOrder,
    onLost: (returns) =>
      void lost.push(...returns.map(({ handle, comesAtMs }) => `${handle.ackId} ${comesAtMs}`)),
  });
  const take = (): readonly string[] => buffer.take(10).map(({ native }) => ackIdOf(native));
  return { clock, buffer, lost, renewed, take };
}

/** `"a1"`: the delivery 1 of message a. */
function message(name: string, orderingKey = ""): Delivery<PubsubHandle> {
  const received = {
    ackId: name,
    message: { messageId: name.slice(0, 1), data: Buffer.from("x"), orderingKey },
  };
  return decodeMessage(received, { stream: 1, handedBack: 0 });
}

function ackIdOf(native: unknown): string {
  return (native as { readonly ackId: string }).ackId;
}

test("a lease that ran out while the process stood still is not renewed: the service would say yes", async () => {
  const { clock, buffer, renewed, take } = buffered();
  buffer.add([message("a1")], LEASE_MS);
  clock.stall(LEASE_MS + 1_000);
  await clock.advance(1);
  buffer.add([message("b1")], clock.now() + LEASE_MS);
  expect([renewed, take()]).toEqual([[], ["b1"]]);
});

describe("a delivery whose lease ended while its renewal was under way", () => {
  test("is not handed over, as the request may have come too late", async () => {
    const answer = Promise.withResolvers<void>();
    const { clock, buffer, lost, take } = buffered({ keepsOrder: true, answer: answer.promise });
    buffer.add([message("a1", "k")], LEASE_MS - 2_000);
    await clock.advance(LEASE_MS - 1_000);
    answer.resolve();
    await clock.settle();
    // If it came in time, the new lease began with the answer at the latest.
    expect([take(), lost]).toEqual([[], [`a1 ${LEASE_MS - 1_000 + LEASE_MS}`]]);
  });

  test("holds up its key for as long as the request may take and the new lease may last", async () => {
    const { clock, buffer, lost, take } = buffered({ keepsOrder: true, answer: new Promise(() => {}) });
    buffer.add([message("a1", "k")], LEASE_MS - 2_000);
    await clock.advance(LEASE_MS);
    // The last request left at 15 s and is tried three times, 15 s each.
    expect([take(), lost]).toEqual([[], [`a1 ${15_000 + 3 * 16_000 + LEASE_MS}`]]);
  });
});

test("without an order what follows a lost delivery is handed over", () => {
  const { clock, buffer, lost, take } = buffered();
  buffer.add([message("a1", "k")], 0);
  buffer.add([message("b1", "k")], clock.now() + LEASE_MS);
  expect([take(), lost]).toEqual([["b1"], []]);
});

test("where order is kept it is not: it comes again behind the lost one", () => {
  const { clock, buffer, lost, take } = buffered({ keepsOrder: true });
  buffer.add([message("a1", "k")], 0);
  buffer.add([message("b1", "k"), message("c1", "l"), message("d1")], clock.now() + LEASE_MS);
  // The latest possible moment: the lease may still last, and the service hands over later messages
  // meanwhile.
  expect([take(), lost]).toEqual([["c1", "d1"], [`a1 ${LEASE_MS}`]]);
});

test("unless the lost one is here again", () => {
  const { clock, buffer, lost, take } = buffered({ keepsOrder: true });
  buffer.add([message("a1", "k"), message("b1", "k")], 0);
  buffer.add([message("a2", "k"), message("b2", "k")], clock.now() + LEASE_MS);
  expect([take(), lost]).toEqual([["a2", "b2"], []]);
});
