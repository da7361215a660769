import { describe, expect, test } from "vitest";
import { QueueError } from "../src/errors/queue-error.ts";
import type { StandardSchemaV1 } from "../src/message/standard-schema.ts";
import { consumerBench } from "./consumer-bench.ts";

describe("a message that cannot be decoded", () => {
  const undecodable = new TextEncoder().encode("{");

  test("is dead-lettered without running the handler; its neighbours are handled", async () => {
    const { clock, queue, consumer } = consumerBench();
    queue.put("a");
    queue.put("bad", undecodable);
    queue.put("foreign", undecodable, { contentType: "image/png" });
    queue.put("broken", {}, { malformed: "the checksum is wrong" });
    queue.put("z");
    const seen: string[] = [];
    const run = consumer.run((message) => seen.push(message.id));
    await clock.settle();
    expect(seen).toEqual(["a", "z"]);
    expect(queue.dead.map(({ id, deadReason }) => [id, deadReason])).toEqual([
      ["bad", "INVALID_MESSAGE"],
      ["foreign", "INVALID_MESSAGE"],
      ["broken", "INVALID_MESSAGE"],
    ]);
    await consumer.close();
    await run;
  });

  test("is retried where onInvalid says so", async () => {
    const { clock, queue, consumer } = consumerBench({
      options: { onInvalid: "retry", retry: { attempts: 2, delay: "1s" } },
    });
    queue.put("bad", undecodable);
    const run = consumer.run(() => undefined);
    await clock.advance("5s");
    expect(queue.released).toMatchObject([{ delayMs: 1_000, cause: "retry" }]);
    expect(queue.dead).toMatchObject([{ deadReason: "ATTEMPTS_SPENT", handOvers: 2 }]);
    await consumer.close();
    await run;
  });

  test("goes raw to a function; returning acks, throwing retries", async () => {
    const raws: Uint8Array[] = [];
    const { clock, queue, consumer } = consumerBench({
      options: {
        retry: { delay: "1s" },
        onInvalid: (raw, error) => {
          raws.push(raw.body);
          expect(error.code).toBe("INVALID_MESSAGE");
          if (raws.length === 1) throw new Error("not now");
        },
      },
    });
    queue.put("bad", undecodable);
    const run = consumer.run(() => undefined);
    await clock.advance("2s");
    expect(raws).toEqual([undecodable, undecodable]);
    expect(queue.released).toMatchObject([{ delayMs: 1_000 }]);
    expect(queue.acked).toEqual(["bad"]);
    await consumer.close();
    await run;
  });

  test.each([
    ["a database's", new Error("no connection to the database")],
    ["one of anyqueue", new QueueError("UNAVAILABLE", { what: "the queue that the schema asks is down" })],
  ])(
    "because its asynchronous schema failed with %s error is retried: that says nothing of it",
    async (_whose, error) => {
      let isDown = true;
      const schema: StandardSchemaV1 = {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: async (value) => {
            if (isDown) throw error;
            return await Promise.resolve({ value });
          },
        },
      };
      const options = { retry: { attempts: 3, delay: "1s" } } as const;
      const { clock, queue, consumer } = consumerBench({ details: { schema }, options });
      queue.put("a");
      const seen: string[] = [];
      const run = consumer.run((message) => seen.push(message.id));
      await clock.settle();
      expect(queue.released).toMatchObject([{ delayMs: 1_000, cause: "retry" }]);
      isDown = false;
      await clock.advance("2s");
      expect([seen, queue.dead]).toEqual([["a"], []]);
      await consumer.close();
      await run;
    },
  );
});
