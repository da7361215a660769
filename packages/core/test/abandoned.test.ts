import { expect, test } from "vitest";
import { consumerBench } from "./consumer-bench.ts";

test("a drain names each handler that it abandons, also one whose message it no longer has", async () => {
  const { clock, queue, consumer, events } = consumerBench({
    options: { handlerTimeout: "2s", retry: { attempts: 1 } },
  });
  queue.put("spent");
  const run = consumer.run(async () => await new Promise(() => {}));
  await clock.advance("3s");
  expect(queue.dead.map(({ id }) => id)).toEqual(["spent"]);
  queue.put("m");
  await clock.settle();
  const closed = consumer.close({ timeout: "0ms" });
  await clock.advance("5s");
  expect((await closed).abandoned).toBe(2);
  const target = "fake://here/orders";
  expect(events.of("notice")).toEqual([
    {
      target,
      text: 'a handler still runs after 4000 ms and is abandoned; its message "spent" (provider id "stored-spent") is in the dead letters',
    },
    {
      target,
      text: 'a handler still runs after 1000 ms and is abandoned; its message "m" (provider id "stored-m") comes again',
    },
  ]);
  await run;
});
