import { createClient, defineQueue, unchecked, type QueueClient, type QueueConsumer } from "@anyqueue/core";
import { expectTypeOf, test } from "vitest";
import {
  createMemoryClient,
  memory,
  testQueues,
  type Fault,
  type MemoryOptions,
  type MemoryProvider,
} from "../src/index.ts";

const everything = defineQueue("everything", {
  schema: unchecked<{ key: string }>(),
  orderingKey: (body) => body.key,
  needs: ["deduplication", "delay", "ttl"],
});

test("one queue in memory may need everything at once", () => {
  const client = createClient("memory:", [memory()]);
  const { send } = client.producer(everything);
  expectTypeOf(send).toBeCallableWith({ key: "k" }, { delay: "5s", ttl: "1h" });
  expectTypeOf(client.consumer(everything)).toEqualTypeOf<QueueConsumer<{ key: string }>>();
});

test("clients in memory know their provider", async () => {
  expectTypeOf(createMemoryClient()).toEqualTypeOf<QueueClient<MemoryProvider>>();
  const queues = await testQueues();
  expectTypeOf(queues.deadLettered(everything)[0]?.body.key).toEqualTypeOf<string | undefined>();
});

test("an unknown option does not compile", () => {
  expectTypeOf<{ readonly sed: 1 }>().not.toExtend<MemoryOptions>();
  expectTypeOf<{ readonly create: "never" }>().not.toExtend<MemoryOptions>();
  expectTypeOf<{ readonly on: "send"; readonly effect: { readonly fail: "NOPE" } }>().not.toExtend<Fault>();
  // @ts-expect-error -- a misspelt option
  memory({ seed: 1, creat: "auto" });
});
