import { createClient, defineQueue, type QueueClient } from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { createSqsClient, sqs, type SqsModes } from "../src/index.ts";

const schema = z.object({ id: z.string() });

test("the provider says what one queue can have together", () => {
  expectTypeOf(sqs()).toEqualTypeOf<Provider<"sqs", SqsModes>>();
  expectTypeOf(createSqsClient()).toEqualTypeOf<QueueClient<Provider<"sqs", SqsModes>>>();
});

test("a queue that needs what SQS cannot give together does not compile", () => {
  const client = createClient("sqs://eu-west-1", [sqs()]);
  const fifo = client.producer(defineQueue("a", { schema, needs: ["ordering", "deduplication"] }));
  const delayed = client.producer(defineQueue("b", { schema, needs: ["delay"] }));
  expectTypeOf(fifo.send).parameter(0).toEqualTypeOf<{ id: string }>();
  expectTypeOf(delayed.send).parameter(0).toEqualTypeOf<{ id: string }>();
  // @ts-expect-error -- FIFO queues take no delay per message
  client.producer(defineQueue("c", { schema, needs: ["ordering", "delay"] }));
  // @ts-expect-error -- SQS has no time to live per message
  client.producer(defineQueue("d", { schema, needs: ["ttl"] }));
});
