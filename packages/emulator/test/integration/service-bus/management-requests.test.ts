import type { ServiceBusClient } from "@azure/service-bus";
import { expect, test } from "vitest";
import { failureOf, runServiceBus } from "../../support/running-service-bus.ts";

// Operations for which the client of 7.9 has no method (.NET's batch deletion and purge, lists of sessions),
// requested through the client's own management link.

interface ManagementLink {
  _makeManagementRequest(request: object, logger: object, options: object): Promise<ManagementReply>;
}

interface ManagementReply {
  readonly application_properties: { readonly statusCode: number };
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

async function ask(client: ServiceBusClient, operation: string, body: object): Promise<ManagementReply> {
  // Opens the link.
  await client.createReceiver("orders").peekMessages(1);
  const context: unknown = Reflect.get(client, "_connectionContext");
  const link = (context as { getManagementClient(path: string): ManagementLink }).getManagementClient(
    "orders",
  );
  const logger = { logError: () => {}, verbose: () => {} };
  return await link._makeManagementRequest(
    { body, application_properties: { operation: `com.microsoft:${operation}` } },
    logger,
    { timeoutInMs: 4_000 },
  );
}

async function withQueue(settings: { readonly requiresSession?: boolean } = {}) {
  const running = await runServiceBus();
  running.namespace.createQueue("orders", settings);
  const client = running.connect();
  return { ...running, client, sender: client.createSender("orders") };
}

test("a batch of messages is deleted, the oldest first and as many as were asked for", async () => {
  const { client, sender, entity } = await withQueue();
  await sender.sendMessages(["a", "b", "c"].map((messageId) => ({ body: 1, messageId })));
  const { body } = await ask(client, "batch-delete-messages", { "message-count": 2 });
  expect(body).toEqual({ "message-count": 2 });
  expect(entity("orders").messages.map(({ messageId }) => messageId)).toEqual(["c"]);
});

test("only what was there before a time is deleted, and nothing that somebody holds", async () => {
  const { client, sender, entity, clock } = await withQueue();
  await sender.sendMessages(["held", "old"].map((messageId) => ({ body: 1, messageId })));
  await client.createReceiver("orders").receiveMessages(1);
  const before = new Date(Date.now() + 1_000);
  await clock.advance(10_000);
  await sender.sendMessages({ body: 1, messageId: "new" });
  const enqueued = new Date(before.getTime() - 10_000);
  const { body } = await ask(client, "batch-delete-messages", {
    "message-count": 100,
    "enqueued-time-utc": enqueued,
  });
  expect(body).toEqual({ "message-count": 1 });
  expect(entity("orders").messages.map(({ messageId }) => messageId)).toEqual(["held", "new"]);
});

test("a purge, which deletes batches until there is nothing more to delete, ends", async () => {
  const { client, sender, entity } = await withQueue();
  await sender.sendMessages(Array.from({ length: 5 }, (_, index) => ({ body: index })));
  const statuses: number[] = [];
  while (statuses.at(-1) !== 204) {
    const reply = await ask(client, "batch-delete-messages", { "message-count": 2 });
    statuses.push(reply.application_properties.statusCode);
  }
  expect(statuses).toEqual([200, 200, 200, 204]);
  expect(entity("orders").messages).toEqual([]);
});

test("sessions are listed in pages", async () => {
  const { client, sender } = await withQueue({ requiresSession: true });
  await sender.sendMessages({ body: 1, sessionId: "a" });
  await sender.sendMessages({ body: 1, sessionId: "b" });
  await sender.sendMessages({ body: 1, sessionId: "c" });
  const first = await ask(client, "get-message-sessions", { skip: 0, top: 2 });
  expect(first.body).toEqual({ skip: 2, "sessions-ids": ["a", "b"] });
  const second = await ask(client, "get-message-sessions", { skip: 2, top: 2 });
  expect(second.body).toEqual({ skip: 3, "sessions-ids": ["c"] });
  const third = await ask(client, "get-message-sessions", { skip: 3, top: 2 });
  expect(third.application_properties.statusCode).toBe(204);
});

test("an unknown operation is refused", async () => {
  const { client } = await withQueue();
  expect(await failureOf(ask(client, "tidy-up", {}))).toMatchObject({
    message: expect.stringMatching(/tidy-up/),
  });
});
