import { createClient, defineQueue, type EventListener } from "@anyqueue/core";
import type { Target } from "@anyqueue/core/adapter";
import { expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import { bury, consumerOptions, deadLettersOf, outgoing, receive, valuesOf, never } from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

/** Makes a queue with two dead letters. The record of the second says that it died long after now. */
async function withLateDeath(): Promise<Target> {
  const target = await shared.newQueue();
  const producer = shared.keep(shared.adapter.openProducer(target));
  const late = outgoing("late", { attributes: { "aq-dead-last": "9999999999999" } });
  valuesOf(await producer.sendBatch([outgoing("early"), late], never));
  await bury(shared.adapter, target, 2);
  return target;
}

test("a redrive ends although what it moves is dead-lettered again at once: that is left to the next redrive", async () => {
  const target = await shared.withDeadLetters(3);
  const progress: number[] = [];
  for await (const moved of shared.redrive(target)) {
    // By somebody who leaves no record of when it died.
    await bury(shared.adapter, target, moved - (progress.at(-1) ?? 0));
    progress.push(moved);
    if (moved > 3) break;
  }
  expect(progress).toEqual([3]);
  expect(await shared.readyIn(target)).toEqual([0, 3]);
  expect(await shared.redriven(target)).toBe(3);
});

test("a redrive ends beside a consumer whose handler still fails: each message is moved once", async () => {
  const [died, diedAgain] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const deaths: string[] = [];
  const listener: EventListener = {
    "dead-lettered": ({ id }) => {
      deaths.push(id);
      if (deaths.length === 3) died.resolve();
      if (deaths.length === 6) diedAgain.resolve();
    },
  };
  const url = `service-bus://emulator?endpoint=${shared.endpoint}`;
  const client = shared.keep(createClient(url, [serviceBus()], { listener }));
  const failing = defineQueue("failing", { retry: { attempts: 1 } });
  await client.admin.create(failing);
  for (const id of ["a", "b", "c"]) await client.producer(failing).send(id, { id });
  const run = client.consumer(failing).run(() => {
    throw new Error("still broken");
  });
  await died.promise;
  let moved = 0;
  for await (const progress of client.admin.redrive(failing)) {
    ({ moved } = progress);
    if (moved > 3) break;
    await diedAgain.promise;
  }
  expect(moved).toBe(3);
  expect(deaths.toSorted()).toEqual(["a", "a", "b", "b", "c", "c"]);
  await client.close();
  await run;
});

test("a redrive leaves what died after it began, by the record of its consumer", async () => {
  const target = await withLateDeath();
  expect(await shared.redriven(target)).toBe(1);
  expect(await shared.readyIn(target)).toEqual([1, 1]);
  const [delivery] = await receive(await shared.consume(target), 1);
  expect(delivery?.id).toBe("early");
});

test("a redrive ends where others have locked all that it would move, and gives back what it does not", async () => {
  const target = await withLateDeath();
  const from = deadLettersOf(shared.adapter, target);
  const mode = "pull";
  const [early] = await receive(await shared.consume(from, consumerOptions({ mode })), 1);
  expect(early?.id).toBe("early");
  expect(await shared.redriven(target)).toBe(0);
  // At once, although the lock takes five minutes.
  const [late] = await receive(await shared.consume(from, consumerOptions({ mode })), 1);
  expect(late?.id).toBe("late");
});
