import { describe, expect, test } from "vitest";
import { consumerBench, type BenchOptions, type ConsumerBench } from "./consumer-bench.ts";
import { throws } from "./fake-faults.ts";

const KEYS = ["a", "b", "c", "d"];

/** Puts `count` messages for each key, in turn: a0, b0, …, a1, b1, … */
function putKeyed({ queue }: ConsumerBench, count: number): void {
  for (let number = 0; number < count; number += 1) {
    for (const key of KEYS) queue.put(`${key}${number}`, {}, { orderingKey: key });
  }
}

function keyed(options: BenchOptions = {}): ConsumerBench {
  return consumerBench({ details: { needs: ["ordering"] }, options: { concurrency: 8 }, ...options });
}

describe("the flow of an ordered queue", () => {
  test("has room beyond what runs only while deliveries wait behind their key, and at once", async () => {
    const bench = keyed({ options: { concurrency: 2, prefetch: 0 } });
    const flows = (): readonly number[] => bench.queue.flows.map(({ maxOutstanding }) => maxOutstanding);
    for (const key of KEYS) bench.queue.put(`${key}0`, {}, { orderingKey: key });
    const { promise, resolve } = Promise.withResolvers<void>();
    const run = bench.consumer.run(() => promise);
    await bench.clock.settle();
    expect(flows()).toEqual([2]);
    resolve();
    await bench.consumer.close();
    await run;

    const oneKey = keyed({ options: { concurrency: 2, prefetch: 0 } });
    for (let number = 0; number < 9; number += 1) oneKey.queue.put(`a${number}`, {}, { orderingKey: "a" });
    const held = Promise.withResolvers<void>();
    const other = oneKey.consumer.run(() => held.promise);
    await oneKey.clock.settle();
    const [first = 0, second = 0] = oneKey.queue.flows.map(({ maxOutstanding }) => maxOutstanding);
    expect(first).toBe(2);
    expect(second).toBeGreaterThan(2);
    held.resolve();
    await oneKey.consumer.close();
    await other;
  });
});

describe("keyed lanes", () => {
  test("run one delivery of a key at a time, in order, and keys in parallel", async () => {
    const bench = keyed();
    putKeyed(bench, 25);
    const running = new Set<string>();
    const done: string[] = [];
    let most = 0;
    const run = bench.consumer.run(async (message) => {
      const key = message.orderingKey ?? "";
      expect(running.has(key)).toBe(false);
      running.add(key);
      most = Math.max(most, running.size);
      await new Promise<void>((resolve) => {
        bench.clock.setTimer(resolve, (message.id.length * 37) % 50);
      });
      running.delete(key);
      done.push(message.id);
    });
    await bench.clock.advance("60s");
    expect(done).toHaveLength(100);
    expect(most).toBe(4);
    for (const key of KEYS) {
      const ofKey = done.filter((id) => id.startsWith(key)).map((id) => Number(id.slice(1)));
      expect(ofKey).toEqual(ofKey.toSorted((one, other) => one - other));
    }
    await bench.consumer.close();
    await run;
  });

  test("give unkeyed messages no lane", async () => {
    const bench = keyed();
    for (let index = 0; index < 8; index += 1) bench.queue.put(`m${index}`);
    let now = 0;
    const run = bench.consumer.run(async () => {
      now += 1;
      await new Promise(() => {});
    });
    await bench.clock.settle();
    expect(now).toBe(8);
    const closed = bench.consumer.close({ timeout: "0ms" });
    await bench.clock.advance("5s");
    await closed;
    await run;
  });

  test("of a busy key take no room from other keys, up to a cap", async () => {
    const bench = keyed({ options: { concurrency: 2, prefetch: 0 } });
    for (let index = 0; index < 200; index += 1) bench.queue.put(`slow${index}`, {}, { orderingKey: "slow" });
    bench.queue.put("quick", {}, { orderingKey: "quick" });
    const seen: string[] = [];
    const run = bench.consumer.run(async (message) => {
      seen.push(message.id);
      if (message.orderingKey === "slow") await new Promise(() => {});
    });
    await bench.clock.advance("1s");
    expect(bench.queue.leased).toBeLessThanOrEqual(2 + 20);
    expect(seen).toEqual(["slow0", "quick"]);
    const closed = bench.consumer.close({ timeout: "0ms" });
    await bench.clock.advance("5s");
    await closed;
    await run;
  });
});

describe("after a failure on a key", () => {
  test("followers already taken are released uncounted and unhandled; order is kept; other keys go on", async () => {
    const bench = keyed({ options: { concurrency: 8, prefetch: 20, retry: { delay: "30s" } } });
    putKeyed(bench, 3);
    const done: string[] = [];
    const run = bench.consumer.run((message, { attempt }) => {
      if (message.id === "a0" && attempt === 1) throw new Error("head fails");
      done.push(message.id);
    });
    await bench.clock.advance("1s");
    expect(done.filter((id) => id.startsWith("a"))).toEqual([]);
    expect(done).toHaveLength(9);
    const released = bench.queue.released.map(({ id, delayMs, cause }) => [id, delayMs, cause]);
    expect(released).toEqual([
      ["a1", 0, "unstarted"],
      ["a2", 0, "unstarted"],
      ["a0", 30_000, "retry"],
    ]);
    await bench.clock.advance("30s");
    expect(done.filter((id) => id.startsWith("a"))).toEqual(["a0", "a1", "a2"]);
    await bench.consumer.close();
    await run;
  });

  test("a follower that arrives on an ask of before is not run either", async () => {
    const bench = keyed({ options: { concurrency: 8, retry: { delay: "30s" } } });
    const { clock, queue, consumer } = bench;
    queue.put("k0", {}, { orderingKey: "k" });
    const done: string[] = [];
    let fail: () => void = () => {};
    const run = consumer.run(async (message, { attempt }) => {
      if (message.id === "k0" && attempt === 1) {
        await new Promise<void>((_resolve, reject) => {
          fail = () => {
            reject(new Error("head fails"));
          };
        });
      }
      done.push(message.id);
    });
    await clock.settle();
    fail();
    await clock.settle();
    // A broker without strict order hands over a follower although the head is delayed.
    queue.put("k1", {}, { orderingKey: "k" });
    const follower = queue.messages.find(({ id }) => id === "k1");
    if (follower !== undefined)
      queue.messages = [follower, ...queue.messages.filter((one) => one !== follower)];
    await clock.settle();
    expect(done).toEqual([]);
    expect(queue.released.map(({ id, cause }) => [id, cause])).toContainEqual(["k1", "unstarted"]);
    queue.messages = [
      ...queue.messages.filter(({ id }) => id === "k0"),
      ...queue.messages.filter(({ id }) => id === "k1"),
    ];
    await clock.advance("31s");
    expect(done).toEqual(["k0", "k1"]);
    await consumer.close();
    await run;
  });

  test("followers are kept where the target holds them", async () => {
    const bench = keyed({
      capabilities: { followers: "hold" },
      options: { concurrency: 8, prefetch: 20, retry: { delay: "30s" } },
    });
    putKeyed(bench, 2);
    const done: string[] = [];
    const run = bench.consumer.run((message, { attempt }) => {
      if (message.id === "a0" && attempt === 1) throw new Error("head fails");
      done.push(message.id);
    });
    await bench.clock.advance("10s");
    expect(bench.queue.released.map(({ id }) => id)).toEqual(["a0"]);
    expect(done.filter((id) => id.startsWith("a"))).toEqual([]);
    await bench.clock.advance("25s");
    expect(done.filter((id) => id.startsWith("a"))).toEqual(["a0", "a1"]);
    await bench.consumer.close();
    await run;
  });

  test("followers are dropped unsettled where the target hands them over again by itself", async () => {
    const bench = keyed({
      capabilities: { followers: "drop" },
      options: { concurrency: 8, prefetch: 20, retry: { delay: "30s" } },
    });
    putKeyed(bench, 2);
    const done: string[] = [];
    const run = bench.consumer.run((message, { attempt }) => {
      if (message.id === "a0" && attempt === 1) throw new Error("head fails");
      done.push(message.id);
    });
    await bench.clock.advance("10s");
    expect(bench.queue.itemsOf("release")).toEqual(["a0"]);
    expect(done).not.toContain("a1");
    await bench.clock.advance("2m");
    expect(done.filter((id) => id.startsWith("a"))).toEqual(["a0", "a1"]);
    await bench.consumer.close();
    await run;
  });

  test("a dead letter lets its key go on", async () => {
    const bench = keyed({ options: { concurrency: 8, prefetch: 20, retry: { attempts: 1 } } });
    putKeyed(bench, 2);
    const done: string[] = [];
    const run = bench.consumer.run((message) => {
      if (message.id === "a0") throw new Error("poison");
      done.push(message.id);
    });
    await bench.clock.settle();
    expect(bench.queue.dead.map(({ id }) => id)).toEqual(["a0"]);
    expect(done).toContain("a1");
    expect(bench.queue.released).toEqual([]);
    await bench.consumer.close();
    await run;
  });

  test("a dead letter that fails blocks its key", async () => {
    const bench = keyed({ options: { concurrency: 8, prefetch: 20, retry: { attempts: 1 } } });
    putKeyed(bench, 2);
    bench.queue.failNext("deadLetter", throws({ code: "INTERNAL", retryable: false }));
    const done: string[] = [];
    const run = bench.consumer.run((message) => {
      if (message.id === "a0") throw new Error("poison");
      done.push(message.id);
    });
    await bench.clock.settle();
    expect(done).not.toContain("a1");
    expect(bench.events.of("dead-letter-failed")).toMatchObject([{ id: "a0" }]);
    await bench.clock.advance("70s"); // its lease ends, and it is redelivered
    expect(bench.queue.dead.map(({ id }) => id)).toEqual(["a0"]);
    expect(done).toContain("a1");
    await bench.consumer.close();
    await run;
  });

  test("a handler that goes on after its timeout keeps its key", async () => {
    const bench = keyed({
      options: { concurrency: 8, prefetch: 20, handlerTimeout: "10s", retry: { delay: "1s" } },
    });
    putKeyed(bench, 2);
    const started: string[] = [];
    let end: () => void = () => {};
    const run = bench.consumer.run(async (message, { attempt }) => {
      started.push(message.id);
      if (message.id === "a0" && attempt === 1) {
        await new Promise<void>((resolve) => {
          end = resolve;
        });
      }
    });
    await bench.clock.advance("30s");
    expect(started.filter((id) => id.startsWith("a"))).toEqual(["a0"]);
    end();
    await bench.clock.advance("1s");
    expect(started.filter((id) => id.startsWith("a"))).toEqual(["a0", "a0", "a1"]);
    await bench.consumer.close();
    await run;
  });

  test("a lost lease lets no buffered follower run before the message comes again", async () => {
    const bench = keyed({ options: { concurrency: 8, prefetch: 20 } });
    putKeyed(bench, 3);
    const started: string[] = [];
    const run = bench.consumer.run(async (message, { attempt, signal }) => {
      started.push(`${message.id}/${attempt}`);
      if (message.id !== "a0" || attempt > 1) return;
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          resolve();
        });
      });
    });
    await bench.clock.settle();
    const head = bench.queue.messages.find(({ id }) => id === "a0");
    bench.queue.options?.events.leasesLost({ handles: [head?.handle ?? ""] }, new Error("lost"));
    await bench.clock.settle();
    expect(started.filter((id) => id.startsWith("a"))).toEqual(["a0/1"]);
    expect(bench.queue.released.map(({ id }) => id)).toEqual(["a1", "a2"]);
    await bench.clock.advance("61s");
    expect(started.filter((id) => id.startsWith("a"))).toEqual(["a0/1", "a0/2", "a1/2", "a2/2"]);
    await bench.consumer.close();
    await run;
  });
});
