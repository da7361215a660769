import type { Delivery } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { DeliveryBuffer } from "./delivery-buffer.ts";
import { decodeMessage, type PubsubHandle } from "./pubsub-wire.ts";

const LEASE_MS = 20_000;

/** `answer`: what becomes of the lease of each message, by its name. @default renewed, at once */
function buffered(
  options: {
    keepsOrder?: boolean;
    answer?: Readonly<Record<string, "gone" | "unanswered">>;
    answered?: Promise<void>;
  } = {},
) {
  const { keepsOrder = false, answer = {}, answered = Promise.resolve() } = options;
  const clock = createVirtualClock();
  const lost: string[] = [];
  const renewed: string[] = [];
  const buffer = new DeliveryBuffer({
    clock,
    leaseMs: LEASE_MS,
    renew: async (deliveries) => {
      renewed.push(...deliveries.map(({ providerId }) => `${providerId} ${clock.now()}`));
      await answered;
      const all = Object.groupBy(deliveries, ({ providerId }) => answer[providerId] ?? "renewed");
      return { renewed: new Set(all.renewed), gone: new Set(all.gone) };
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
    const { clock, buffer, lost, take } = buffered({ keepsOrder: true, answered: answer.promise });
    buffer.add([message("a1", "k")], LEASE_MS - 2_000);
    await clock.advance(LEASE_MS - 1_000);
    answer.resolve();
    await clock.settle();
    // If it came in time, the new lease began with the answer at the latest.
    expect([take(), lost]).toEqual([[], [`a1 ${LEASE_MS - 1_000 + LEASE_MS}`]]);
  });

  test("holds up its key for as long as the request may take and the new lease may last", async () => {
    const { clock, buffer, lost, take } = buffered({ keepsOrder: true, answered: new Promise(() => {}) });
    buffer.add([message("a1", "k")], LEASE_MS - 2_000);
    await clock.advance(LEASE_MS);
    // The last request left at 15 s and is tried three times, 15 s each.
    expect([take(), lost]).toEqual([[], [`a1 ${15_000 + 3 * 16_000 + LEASE_MS}`]]);
  });
});

// A lease that runs out here costs the message an attempt, although no handler began.
test("leases are renewed while nobody asks, each when half of it is over, and no longer", async () => {
  const { clock, buffer, renewed, take } = buffered();
  buffer.add([message("a1")], LEASE_MS);
  await clock.advance("4s");
  buffer.add([message("b1")], clock.now() + LEASE_MS);
  await clock.advance("30s");
  expect(renewed).toEqual(["a 15000", "b 15000", "a 30000", "b 30000"]);
  expect(take()).toEqual(["a1", "b1"]);
  expect(clock.pendingTimers).toBe(0);
  buffer.add([message("c1")], clock.now() + LEASE_MS);
  await clock.advance("15s");
  expect(renewed.slice(4)).toEqual(["c 49000"]);
});

test("a delivery is handed over once, the oldest first, with the rest of its lease", async () => {
  const { clock, buffer } = buffered();
  buffer.add([message("a1"), message("b1"), message("c1")], LEASE_MS);
  await clock.advance("3s");
  const leases = [buffer.take(2), buffer.take(2)].map((all) =>
    all.map((one) => [one.providerId, one.leaseMs]),
  );
  expect(leases).toEqual([
    [
      ["a", 17_000],
      ["b", 17_000],
    ],
    [["c", 17_000]],
  ]);
});

test("a renewal counts from when it was sent, and one without an answer does not count", async () => {
  const { clock, buffer, take } = buffered({ answer: { b: "unanswered" } });
  buffer.add([message("a1"), message("b1")], LEASE_MS);
  await clock.advance("19501ms");
  expect(take()).toEqual(["a1"]);
});

// Somebody else may have it already: handed over here, two would run.
test("what is not ours any more is not handed over", async () => {
  const { clock, buffer, take } = buffered({ answer: { a: "gone" } });
  buffer.add([message("a1"), message("b1")], LEASE_MS);
  await clock.advance("15s");
  expect(take()).toEqual(["b1"]);
});

test("what the service takes back with a failed one of its key is let go of, and so is all at the end", () => {
  const { clock, buffer, take } = buffered({ keepsOrder: true });
  buffer.add([message("a1", "k"), message("b1", "l"), message("c1")], LEASE_MS);
  buffer.dropKeys(new Set(["k"]));
  expect(buffer.drain().map(({ providerId }) => providerId)).toEqual(["b", "c"]);
  expect([buffer.size, clock.pendingTimers, take()]).toEqual([0, 0, []]);
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

test("of a lost message that was lost here again the later delivery counts, and what follows it waits", () => {
  const { clock, buffer, lost, take } = buffered({ keepsOrder: true });
  buffer.add([message("a1", "k")], 0);
  clock.stall(1_000);
  buffer.add([message("a2", "k")], clock.now());
  buffer.add([message("b2", "k")], clock.now() + LEASE_MS);
  expect([take(), lost]).toEqual([[], [`a2 ${1_000 + LEASE_MS}`]]);
});

test("a lost message without a key holds up nothing", () => {
  const { clock, buffer, lost, take } = buffered({ keepsOrder: true });
  buffer.add([message("a1")], 0);
  buffer.add([message("b1")], clock.now() + LEASE_MS);
  expect([take(), lost]).toEqual([["b1"], []]);
});
