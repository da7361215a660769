import {
  createClient,
  defineQueue,
  RetryError,
  unchecked,
  type Provider,
  type QueueClient,
} from "@anyqueue/core";
import { spawnEmulator, type SpawnedEmulator } from "@anyqueue/emulator";
import { pubsub } from "@anyqueue/pubsub";
import { serviceBus } from "@anyqueue/service-bus";
import { sqs } from "@anyqueue/sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { LongBlock } from "./long-block.ts";

let emulator: SpawnedEmulator;

beforeAll(async () => {
  emulator = await spawnEmulator();
});

afterAll(async () => {
  await emulator.close();
});

const PROVIDERS: readonly (readonly [name: string, url: () => string, provider: () => Provider])[] = [
  [
    "sqs",
    () => `sqs://eu-west-1?endpoint=${emulator.endpoints.sqs}`,
    () => sqs({ credentials: { accessKeyId: "any", secretAccessKey: "any" } }),
  ],
  ["service-bus", () => `service-bus://emulator?endpoint=${emulator.endpoints.serviceBus}`, serviceBus],
  ["pubsub", () => `pubsub://any?endpoint=${emulator.endpoints.pubsub}`, pubsub],
];

/** Their leases outlast each block: what may have lost its lease is asked for again. */
const orders = defineQueue<string>("orders", { lease: "5m" });
const ordered = defineQueue("ordered", {
  schema: unchecked<string>(),
  needs: ["ordering"],
  orderingKey: () => "key",
});

describe.each(PROVIDERS)(
  "on %s, a block of the event loop that outlasts every time-out",
  (_name, url, provider) => {
    let block: LongBlock;
    let client: QueueClient;
    let seen: string[];

    beforeEach(async () => {
      block = new LongBlock();
      seen = [];
      const listener = {
        "settle-failed": ({ error }: { error: unknown }) => seen.push(`settle-failed ${String(error)}`),
        "receive-error": ({ error }: { error: unknown }) => seen.push(`receive-error ${String(error)}`),
        notice: ({ text }: { text: string }) => seen.push(`notice ${text}`),
      };
      client = createClient(url(), [provider()], { listener });
      onTestFinished(async () => {
        await client.close({ timeout: "1s" });
        await emulator.control.reset();
      });
      await client.admin.create(orders);
      await client.admin.create(ordered);
      for (const body of ["first", "second"]) {
        await client.producer(orders).send(body);
        await client.producer(ordered).send(body);
      }
    });

    test("does not fail a send whose answer has arrived", async () => {
      const [sent] = await Promise.allSettled([
        client.producer(orders).send("third"),
        block.onceWritten(40_000),
      ]);
      expect(sent).toMatchObject({ status: "fulfilled" });
    });

    test("takes an answer that brings messages for one that came in time", async () => {
      const consumer = client.consumer(orders);
      const received: unknown[] = [];
      const take = async (): Promise<void> => {
        for (const message of await consumer.receive({ wait: "20s" })) {
          received.push([message.body, message.attempt]);
          await message.ack();
        }
      };
      await take();
      await Promise.all([take(), block.onceWritten(60_000)]);
      expect(received).toEqual([
        ["first", 1],
        ["second", 1],
      ]);
    });

    test.each([
      ["an ack", orders, () => {}],
      ["a release", orders, giveBack],
      ["an ack of an ordered message", ordered, () => {}],
    ])("does not doubt %s whose answer has arrived", async (_what, from, end) => {
      const done = Promise.withResolvers<void>();
      const consumer = client.consumer(from, { concurrency: 1, lease: "10m" });
      const runs: string[] = [];
      const run = consumer.run(({ body }) => {
        runs.push(body);
        if (runs.length !== 2) return;
        void block.onceWritten(40_000).then(done.resolve);
        end();
      });
      await Promise.race([done.promise, run]);
      await consumer.close({ timeout: "1s" });
      expect(await run).toMatchObject({ unsettled: 0 });
      expect(seen).toEqual([]);
    });
  },
);

function giveBack(): never {
  throw new RetryError({ delay: "0ms" });
}
