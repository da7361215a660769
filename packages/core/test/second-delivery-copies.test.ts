import { expect, test } from "vitest";
import { DeadLetterError } from "../src/errors/handler-errors.ts";
import { consumerBench } from "./consumer-bench.ts";

test("a message that comes again while it is copied as a dead letter is copied once, and acked by its new lease", async () => {
  const stored = Promise.withResolvers<void>();
  const { clock, queue, consumer, deadLetters } = consumerBench({
    capabilities: { settle: "accepted", deadLetter: "none" },
    deadLetters: async (messages) => {
      await stored.promise;
      return messages.map(() => ({ ok: true, value: { providerId: "d" } }));
    },
  });
  queue.isMute = true;
  queue.put("m");
  let runs = 0;
  const run = consumer.run(() => {
    runs += 1;
    throw new DeadLetterError("bad address");
  });
  await clock.settle();
  queue.expire("m");
  await clock.settle();
  stored.resolve();
  await clock.settle();
  expect([runs, deadLetters.calls.length, queue.acked]).toEqual([1, 1, ["m"]]);
  await consumer.close();
  await run;
});

test("one that was lost by our own clock comes back to its place in the order of its key", async () => {
  const { clock, queue, consumer } = consumerBench({
    capabilities: { settle: "accepted", followers: "drop" },
    options: { concurrency: 2, prefetch: 4 },
  });
  queue.isMute = true;
  for (const id of ["1", "2"]) queue.put(id, { id }, { orderingKey: "k" });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const run = consumer.run(async ({ id }) => {
    begun.push(id);
    await new Promise<void>((resolve) => ends.push(resolve));
  });
  await clock.settle();
  clock.stall(61_000);
  queue.expire("1");
  // Runs before any timer can report the end of the lease.
  await clock.settle();
  expect(begun).toEqual(["1"]);
  for (let index = 0; index < 3; index += 1) {
    ends[index]?.();
    await clock.advance("61s");
  }
  expect([begun, queue.acked]).toEqual([
    ["1", "1", "2"],
    ["1", "2"],
  ]);
  const closed = consumer.close({ timeout: "0ms" });
  await clock.advance("20s");
  await closed;
  await run;
});
