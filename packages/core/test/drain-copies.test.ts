import { expect, test } from "vitest";
import { DeadLetterError } from "../src/errors/handler-errors.ts";
import { consumerBench } from "./consumer-bench.ts";

/** A consumer that copies its one message to the dead letters until `store` is called. */
async function copying() {
  const stored = Promise.withResolvers<void>();
  const bench = consumerBench({
    capabilities: { deadLetter: "none" },
    deadLetters: async (messages) => {
      await stored.promise;
      return messages.map(() => ({ ok: true, value: { providerId: "d" } }));
    },
  });
  bench.queue.put("m");
  const run = bench.consumer.run(() => {
    throw new DeadLetterError("bad address");
  });
  await bench.clock.settle();
  return { ...bench, run, store: stored.resolve };
}

test("closing waits for a dead letter that is being copied, and for the ack that follows", async () => {
  const { clock, queue, consumer, run, store } = await copying();
  let isClosed = false;
  const closing = consumer.close().then((report) => {
    isClosed = true;
    return report;
  });
  await clock.advance("1s");
  // An ack could no longer be sent after the driver has closed.
  expect([isClosed, queue.isClosed]).toEqual([false, false]);
  store();
  expect(await closing).toEqual({ handled: 1, released: 0, unsettled: 0, abandoned: 0 });
  expect(queue.acked).toEqual(["m"]);
  await run;
});

test("closing does not wait for ever for a copy, and acks nothing when it is stored after all", async () => {
  const { clock, queue, consumer, events, run, store } = await copying();
  const closing = consumer.close({ timeout: "1s" });
  await clock.advance("30s");
  expect(await closing).toEqual({ handled: 0, released: 0, unsettled: 1, abandoned: 0 });
  expect(events.of("dead-letter-failed")).toMatchObject([{ id: "m", error: { code: "TIMEOUT" } }]);
  store();
  await clock.advance("30s");
  expect(queue.acked).toEqual([]);
  await run;
});
