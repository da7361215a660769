import { createClient, defineQueue, type QueueClient } from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { createPubsubClient, pubsub, type PubsubModes } from "../src/index.ts";

const schema = z.object({ id: z.string() });

test("the provider says what one topic with its subscription can have", () => {
  expectTypeOf(pubsub()).toEqualTypeOf<Provider<"pubsub", PubsubModes>>();
  expectTypeOf(createPubsubClient()).toEqualTypeOf<QueueClient<Provider<"pubsub", PubsubModes>>>();
});

test("a queue that needs what Pub/Sub cannot give does not compile", () => {
  const client = createClient("pubsub://my-project", [pubsub()]);
  const ordered = client.producer(defineQueue("a", { schema, needs: ["ordering"] }));
  expectTypeOf(ordered.send).parameter(0).toEqualTypeOf<{ id: string }>();
  // @ts-expect-error -- Pub/Sub does not deduplicate what is published
  client.producer(defineQueue("c", { schema, needs: ["deduplication"] }));
  // @ts-expect-error -- Pub/Sub has no delay per message
  client.producer(defineQueue("d", { schema, needs: ["delay"] }));
  // @ts-expect-error -- Pub/Sub has no time to live per message
  client.producer(defineQueue("e", { schema, needs: ["ttl"] }));
});
