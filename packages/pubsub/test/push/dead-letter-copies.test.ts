import type { DeadLetterItem, Delivery } from "@anyqueue/core/adapter";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pubsubCalls } from "../../src/index.ts";
import { decodeMessage, type PubsubHandle } from "../../src/pubsub-wire.ts";
import { never, present } from "../open-adapter.ts";
import { ScriptedServer, stored } from "../scripted-server.ts";

let server: ScriptedServer;

beforeEach(async () => {
  server = await ScriptedServer.start();
  server.answer("ListTopicSubscriptions", () => ({
    subscriptions: ["projects/p/subscriptions/orders-dead"],
  }));
});

afterEach(() => {
  server.close();
});

/** More attributes than a copy has room for beside its own; the service accepts them from other senders. */
const CROWDED = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`name-${index}`, "x"]));

function delivered(id: string, attributes: Readonly<Record<string, string>> = {}): Delivery<PubsubHandle> {
  return decodeMessage(stored(id, "{}", { message: { attributes } }), { stream: 1, handedBack: 0 });
}

function dead({ handle }: Delivery<PubsubHandle>): DeadLetterItem<PubsubHandle> {
  return { handle, reason: "no use", attributes: {} };
}

test("a dead letter that does not fit fails alone: its neighbours are published", async () => {
  const deliveries = [delivered("1"), delivered("2", CROWDED), delivered("3")];
  const calls = pubsubCalls({ deadLetterTopic: "orders-dead", endpoint: server.endpoint });
  const { settle } = calls.of("p", deliveries);
  const results = await present(settle.deadLetterBatch)(
    deliveries.map((each) => dead(each)),
    never,
  );
  expect(results).toMatchObject([
    { ok: true },
    { ok: false, error: { code: "MESSAGE_TOO_LARGE" } },
    { ok: true },
  ]);
  expect(server.requests("Publish").flatMap(({ messages }) => messages)).toHaveLength(2);
});
