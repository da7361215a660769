import { describe, expect, test } from "vitest";
import { consumerBench } from "./consumer-bench.ts";

describe("iteration", () => {
  test("gives one message at a time and goes on until close", async () => {
    const { clock, queue, consumer } = consumerBench();
    for (let index = 0; index < 25; index += 1) queue.put(`m${index}`);
    const seen: string[] = [];
    const loop = (async () => {
      for await (const message of consumer) {
        seen.push(message.id);
        await message.ack();
      }
    })();
    await clock.settle();
    await clock.settle();
    expect(seen).toHaveLength(25);
    queue.put("later");
    await clock.settle();
    expect(seen.at(-1)).toBe("later");
    await consumer.close();
    await loop;
    expect(queue.acked).toHaveLength(26);
  });

  test.each([0, 1, 2, 3, 4])(
    "ends, and does not throw, where a close comes %i microtasks later",
    async (later) => {
      const { clock, queue, consumer } = consumerBench();
      queue.put("m");
      let closed: Promise<unknown> | undefined;
      const closeIn = (turns: number): void => {
        if (turns > 0) queueMicrotask(() => closeIn(turns - 1));
        else closed = consumer.close();
      };
      const looping = (async () => {
        for await (const message of consumer) {
          await message.ack();
          closeIn(later);
        }
      })();
      await clock.settle();
      await expect(looping).resolves.toBeUndefined();
      await closed;
    },
  );

  test("that has not opened yet ends with its consumer", async () => {
    const { clock, consumer } = consumerBench();
    const first = consumer[Symbol.asyncIterator]().next();
    const closed = consumer.close();
    await clock.settle();
    expect(await first).toEqual({ done: true, value: undefined });
    await closed;
  });

  test("left by break releases what was not settled", async () => {
    const { queue, consumer } = consumerBench();
    for (let index = 0; index < 5; index += 1) queue.put(`m${index}`);
    for await (const message of consumer) {
      if (message.id === "m2") break;
      await message.ack();
    }
    expect(queue.acked).toEqual(["m0", "m1"]);
    expect(queue.released.map(({ id }) => id)).toEqual(["m2", "m3", "m4"]);
    await consumer.close();
  });

  test("left by a throw releases what was not settled", async () => {
    const { queue, consumer } = consumerBench();
    queue.put("m0");
    queue.put("m1");
    const loop = (async () => {
      for await (const message of consumer) throw new Error(message.id);
    })();
    await expect(loop).rejects.toThrow("m0");
    expect(queue.released.map(({ id }) => id)).toEqual(["m0", "m1"]);
    await consumer.close();
  });

  test("does not give what was given back when its consumer closed", async () => {
    const { clock, queue, consumer } = consumerBench();
    for (let index = 0; index < 3; index += 1) queue.put(`m${index}`);
    const seen: string[] = [];
    const goOn = Promise.withResolvers<void>();
    const loop = (async () => {
      for await (const message of consumer) {
        seen.push(message.id);
        await goOn.promise;
      }
    })();
    await clock.settle();
    await consumer.close();
    goOn.resolve();
    await loop;
    expect(queue.released.map(({ id }) => id)).toEqual(["m0", "m1", "m2"]);
    expect(seen).toEqual(["m0"]);
  });

  test("does not give what was lost while it waited for its turn", async () => {
    const { clock, queue, consumer } = consumerBench();
    const [, second] = ["m0", "m1", "m2"].map((id) => queue.put(id));
    const seen: string[] = [];
    const goOn = Promise.withResolvers<void>();
    const loop = (async () => {
      for await (const message of consumer) {
        seen.push(message.id);
        if (message.id === "m0") await goOn.promise;
        await message.ack();
      }
    })();
    await clock.settle();
    queue.options?.events.leasesLost({ handles: [second?.handle ?? ""] }, new Error("gone"));
    goOn.resolve();
    await clock.settle();
    expect(seen).toEqual(["m0", "m2"]);
    await consumer.close();
    await loop;
  });
});
