import { createClient, defineQueue, unchecked } from "@anyqueue/core";
import { memory } from "@anyqueue/memory";
import { expect, test } from "vitest";

const numbers = defineQueue("numbers", { schema: unchecked<number>() });
const MANY = 50_000;

test("a producer that never waits for anything else lets timers fire", async () => {
  await using client = createClient("memory:", [memory()]);
  const producer = client.producer(numbers);
  let hasFired = false;
  setTimeout(() => {
    hasFired = true;
  }, 1);

  let sent = 0;
  for (; sent < MANY && !hasFired; sent += 1) await producer.send(sent);

  expect(sent).toBeLessThan(MANY);
});

test("a handler that never waits lets timers fire while there is a backlog", async () => {
  await using client = createClient("memory:", [memory()]);
  await client.producer(numbers).sendMany(Array.from({ length: MANY }, (_, index) => ({ body: index })));
  const consumer = client.consumer(numbers);
  let handled = 0;
  const run = consumer.run(() => {
    handled += 1;
  });

  await new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
  const handledWhenFired = handled;
  await consumer.close();
  await run;

  expect(handledWhenFired).toBeLessThan(MANY);
});
