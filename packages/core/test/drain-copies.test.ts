import { expect, test } from "vitest";
import { DeadLetterError } from "../src/errors/handler-errors.ts";
import { consumerBench } from "./consumer-bench.ts";

test("closing waits for a dead letter that is being copied, and for the ack that follows", async () => {
  const stored = Promise.withResolvers<void>();
  const { clock, queue, consumer } = consumerBench({
    capabilities: { deadLetter: "none" },
    deadLetters: async (messages) => {
      await stored.promise;
      return messages.map(() => ({ ok: true, value: { providerId: "d" } }));
    },
  });
  queue.put("m");
  const run = consumer.run(() => {
    throw new DeadLetterError("bad address");
  });
  await clock.settle();
  let isClosed = false;
  const closing = consumer.close().then((report) => {
    isClosed = true;
    return report;
  });
  await clock.advance("1s");
  // An ack after the driver has closed would not be sent any more.
  expect([isClosed, queue.isClosed]).toEqual([false, false]);
  stored.resolve();
  expect(await closing).toMatchObject({ handled: 1, released: 0, abandoned: 0 });
  expect(queue.acked).toEqual(["m"]);
  await run;
});

test("closing does not wait for ever for a copy that is never stored", async () => {
  const { clock, queue, consumer } = consumerBench({
    capabilities: { deadLetter: "none" },
    deadLetters: async () => await new Promise(() => {}),
  });
  queue.put("m");
  const run = consumer.run(() => {
    throw new DeadLetterError("bad address");
  });
  await clock.settle();
  const closing = consumer.close();
  await clock.advance("30s");
  expect(await closing).toMatchObject({ handled: 0 });
  expect(queue.acked).toEqual([]);
  await run;
});
