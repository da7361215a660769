import type { ConsumerDriverOptions, Delivery, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { expect, test } from "vitest";
import { steadyArrivals } from "./steady-arrivals.ts";

test("every delivery of a message, to whichever client, arrived when its first one did", async () => {
  const steady = steadyArrivals();
  const first = steady(
    bringing({ providerId: "1", enqueuedAtMs: 1_000 }, { providerId: "2", enqueuedAtMs: 1_500 }),
  );
  const second = steady(bringing({ providerId: "1", enqueuedAtMs: 1_018 }, { providerId: "3" }));
  expect(await timesOf(first)).toEqual([1_000, 1_500]);
  expect(await timesOf(second)).toEqual([1_000, undefined]);
});

function bringing(...deliveries: readonly Partial<Delivery<unknown>>[]): QueueAdapter {
  const driver = { receiveBatch: () => Promise.resolve(deliveries) };
  return { openConsumer: () => driver } as unknown as QueueAdapter;
}

async function timesOf(adapter: QueueAdapter): Promise<readonly (number | undefined)[]> {
  const driver = adapter.openConsumer({} as Target, {} as ConsumerDriverOptions<unknown>);
  const deliveries = await driver.receiveBatch({} as never, new AbortController().signal);
  return deliveries.map(({ enqueuedAtMs }) => enqueuedAtMs);
}
