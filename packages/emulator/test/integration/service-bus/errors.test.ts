import { describe, expect, test } from "vitest";
import { failureOf, runServiceBus } from "../../support/running-service-bus.ts";

async function withQueue() {
  const running = await runServiceBus();
  running.namespace.createQueue("orders");
  const client = running.connect();
  return {
    ...running,
    client,
    sender: client.createSender("orders"),
    receiver: client.createReceiver("orders"),
  };
}

describe("conditions and what the SDK makes of them", () => {
  test.each([
    ["com.microsoft:server-busy", "ServiceBusy", true],
    ["com.microsoft:timeout", "ServiceTimeout", true],
    ["amqp:internal-error", "GeneralError", true],
    ["com.microsoft:operation-cancelled", "GeneralError", true],
    ["amqp:link:detach-forced", "GeneralError", true],
    ["amqp:connection:forced", "GeneralError", true],
    ["amqp:unauthorized-access", "UnauthorizedAccess", true],
    ["com.microsoft:auth-failed", "UnauthorizedAccess", true],
    ["com.example:unheard-of", "GeneralError", true],
    ["amqp:resource-limit-exceeded", "QuotaExceeded", false],
    ["amqp:link:message-size-exceeded", "MessageSizeExceeded", false],
    ["com.microsoft:entity-disabled", "MessagingEntityDisabled", false],
    ["amqp:not-found", "ServiceCommunicationProblem", false],
    ["com.microsoft:message-lock-lost", "MessageLockLost", false],
    ["com.microsoft:session-lock-lost", "SessionLockLost", false],
    ["com.microsoft:session-cannot-be-locked", "SessionCannotBeLocked", false],
    ["com.microsoft:message-not-found", "MessageNotFound", false],
    ["com.microsoft:entity-already-exists", "MessagingEntityAlreadyExists", false],
    ["amqp:not-allowed", "GeneralError", false],
    ["com.microsoft:argument-error", "GeneralError", false],
    ["com.microsoft:argument-out-of-range", "GeneralError", false],
    ["com.microsoft:no-matching-subscription", "GeneralError", false],
    ["amqp:precondition-failed", "GeneralError", false],
    ["amqp:resource-deleted", "GeneralError", false],
    ["amqp:link:stolen", "GeneralError", false],
  ])("a send rejected with %s fails with %s, retryable: %s", async (condition, code, retryable) => {
    const { sender, faults, log, entity } = await withQueue();
    const id = faults.add({ operation: "send", action: { kind: "error", condition } });
    expect(await failureOf(sender.sendMessages({ body: 1 }))).toMatchObject({ code, retryable });
    expect(log.entries().at(-1)).toMatchObject({
      protocol: "service-bus",
      wire: "amqp",
      operation: "send",
      queue: "orders",
      outcome: "error",
      errorCode: condition,
      faults: [id],
    });
    expect(entity("orders").counts.active).toBe(0);
  });

  test("a text ends in what the vendor's support asks for", async () => {
    const { sender, faults } = await withQueue();
    faults.add({ action: { kind: "throttle" } });
    const { message } = await failureOf(sender.sendMessages({ body: 1 }));
    expect(message).toMatch(/TrackingId:[-0-9a-f]{36}_G\d+, SystemTracker:\S+, Timestamp:\d{4}-\d\d-\d\dT/);
  });
});

describe("entities", () => {
  test("that do not exist", async () => {
    const { client } = await withQueue();
    const expected = { code: "MessagingEntityNotFound", retryable: false };
    const message = expect.stringContaining("The messaging entity 'sb://anyqueue/none' could not be found.");
    expect(await failureOf(client.createSender("none").sendMessages({ body: 1 }))).toMatchObject({
      ...expected,
      message,
    });
    const receiver = client.createReceiver("none");
    expect(await failureOf(receiver.receiveMessages(1, { maxWaitTimeInMs: 500 }))).toMatchObject(expected);
    expect(await failureOf(receiver.peekMessages(1))).toMatchObject(expected);
    expect(await failureOf(client.acceptNextSession("none"))).toMatchObject(expected);
  });

  test("a topic cannot be received from, and a subscription cannot be sent to", async () => {
    const { client, namespace } = await withQueue();
    namespace.createTopic("events");
    namespace.createSubscription("events", "all");
    expect(
      await failureOf(client.createReceiver("events").receiveMessages(1, { maxWaitTimeInMs: 500 })),
    ).toMatchObject({ code: "GeneralError", retryable: false });
    expect(
      await failureOf(client.createSender("events/Subscriptions/all").sendMessages({ body: 1 })),
    ).toMatchObject({ retryable: false });
  });

  test("that are disabled for one direction refuse only that one", async () => {
    const { sender, receiver, namespace } = await withQueue();
    await sender.sendMessages({ body: 1 });
    namespace.updateQueue("orders", { status: "SendDisabled" });
    // One round trip, after which the client knows that its link is gone.
    await receiver.peekMessages(1);
    expect(await failureOf(sender.sendMessages({ body: 2 }))).toMatchObject({
      code: "MessagingEntityDisabled",
    });
    expect(await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 })).toHaveLength(1);
    namespace.updateQueue("orders", { status: "ReceiveDisabled" });
    await sender.sendMessages({ body: 3 });
    expect(await failureOf(receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 }))).toMatchObject({
      code: "MessagingEntityDisabled",
    });
  });

  test.each([
    ["deleted", "MessagingEntityNotFound"],
    ["disabled", "MessagingEntityDisabled"],
  ])("a subscriber is told when its entity is %s, and goes on when it is back", async (how, code) => {
    const { namespace, client, connect } = await withQueue();
    const retrying = connect({ retryOptions: { maxRetries: 0, retryDelayInMs: 20, timeoutInMs: 5000 } });
    const receiver = retrying.createReceiver("orders");
    const errors: string[] = [];
    const bodies: unknown[] = [];
    receiver.subscribe({
      processMessage: async ({ body }) => void bodies.push(body),
      processError: async ({ error }) => void errors.push("code" in error ? error.code : error.name),
    });
    await client.createSender("orders").sendMessages({ body: 1 });
    await expect.poll(() => bodies, { interval: 5 }).toEqual([1]);
    if (how === "deleted") namespace.deleteEntity("orders");
    else namespace.updateQueue("orders", { status: "Disabled" });
    await expect.poll(() => errors, { interval: 5 }).toContain(code);
    if (how === "deleted") namespace.createQueue("orders");
    else namespace.updateQueue("orders", { status: "Active" });
    await client.createSender("orders").sendMessages({ body: 2 });
    await expect.poll(() => bodies, { interval: 5, timeout: 20_000 }).toEqual([1, 2]);
    await receiver.close();
  });

  test("a full entity refuses more", async () => {
    const { client, namespace } = await withQueue();
    namespace.createQueue("tiny", { maxSizeInMegabytes: 1 });
    const sender = client.createSender("tiny");
    const body = Buffer.alloc(200_000);
    const fill = async (): Promise<void> => {
      for (let index = 0; index < 10; index++) await sender.sendMessages({ body });
    };
    expect(await failureOf(fill())).toMatchObject({ code: "QuotaExceeded", retryable: false });
  });
});

describe("sizes", () => {
  test("one message above the limit is refused by the broker, and the link stays", async () => {
    const { sender, entity } = await withQueue();
    expect(await failureOf(sender.sendMessages({ body: Buffer.alloc(300_000) }))).toMatchObject({
      code: "MessageSizeExceeded",
      retryable: false,
    });
    await sender.sendMessages({ body: Buffer.alloc(200_000) });
    expect(entity("orders").counts.active).toBe(1);
  });

  test("a message of megabytes is counted but not kept", async () => {
    const { sender, entity } = await withQueue();
    expect(await failureOf(sender.sendMessages({ body: Buffer.alloc(5_000_000) }))).toMatchObject({
      code: "MessageSizeExceeded",
    });
    expect(entity("orders").counts.active).toBe(0);
  });
});

test("a batch is no larger than a message may be", async () => {
  const { sender, entity } = await withQueue();
  const batch = await sender.createMessageBatch();
  // Other clients do not check the link's limit.
  Reflect.set(batch, "_maxSizeInBytes", 1_000_000);
  for (const messageId of ["a", "b"])
    expect(batch.tryAddMessage({ messageId, body: Buffer.alloc(150_000) })).toBe(true);
  expect(await failureOf(sender.sendMessages(batch))).toMatchObject({ code: "MessageSizeExceeded" });
  expect(entity("orders").counts.active).toBe(0);
});

describe("headers", () => {
  const properties = (bytes: number): Record<string, string> =>
    Object.fromEntries(["a", "b", "c"].map((name) => [name, "x".repeat(bytes / 3)]));

  test("of more than 64 KB are refused, however small the body", async () => {
    const { sender, entity } = await withQueue();
    const heavy = sender.sendMessages({ body: "small", applicationProperties: properties(66_000) });
    expect(await failureOf(heavy)).toMatchObject({
      code: "MessageSizeExceeded",
      message: expect.stringContaining("exceeds the limit (65536 bytes)"),
    });
    await sender.sendMessages({ body: Buffer.alloc(150_000), applicationProperties: properties(64_000) });
    expect(entity("orders").counts.active).toBe(1);
  });
});

describe("tokens", () => {
  test("with a wrong key are refused when keys are checked", async () => {
    const { connect, connectionString, namespace, log } = await runServiceBus({ strictTokens: true });
    namespace.createQueue("orders");
    await connect().createSender("orders").sendMessages({ body: 1 });
    const forged = connectionString.replace(/SharedAccessKey=[^;]+/, "SharedAccessKey=wrong");
    expect(
      await failureOf(connect({}, forged).createSender("orders").sendMessages({ body: 1 })),
    ).toMatchObject({ code: "UnauthorizedAccess" });
    expect(log.entries().at(-1)).toMatchObject({ operation: "putToken", outcome: "error", status: 401 });
  });

  test.each([
    ["unauthorized", "UnauthorizedAccess"],
    ["throttle", "ServiceBusy"],
  ] as const)("can be refused by a fault: %s", async (kind, code) => {
    const { sender, faults } = await withQueue();
    faults.add({ operation: "putToken", action: { kind } });
    expect(await failureOf(sender.sendMessages({ body: 1 }))).toMatchObject({ code });
  });
});

test("a server that is not there", async () => {
  const { connect, connectionString, port } = await runServiceBus();
  const elsewhere = connectionString.replace(`:${port}`, ":1");
  expect(
    await failureOf(connect({}, elsewhere).createSender("orders").sendMessages({ body: 1 })),
  ).toMatchObject({
    code: "GeneralError",
    message: expect.stringContaining("ECONNREFUSED"),
    retryable: false,
  });
});
