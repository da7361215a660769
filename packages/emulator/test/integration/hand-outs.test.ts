import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { ServiceBusClient } from "@azure/service-bus";
import { afterEach, expect, test } from "vitest";
import { controlClient } from "../../src/control/control-client.ts";
import { startEmulator, type Emulator } from "../../src/emulator.ts";
import { openStream } from "../support/open-stream.ts";
import { runEmulator, until } from "../support/running-emulator.ts";
import { pullNow, PUBSUB_LIBRARIES, runPubsub } from "../support/running-pubsub.ts";

const [newest] = PUBSUB_LIBRARIES;
if (newest === undefined) throw new Error("There is no client to test with.");

const emulators: Emulator[] = [];

afterEach(async () => {
  await Promise.all(emulators.splice(0).map((emulator) => emulator.close()));
});

test("every receive of a queue is recorded under its receipt handle, in order and at its time", async () => {
  const { emulator, endpoint, sqs, createQueue } = await runEmulator({
    clock: "manual",
    recordHandOuts: true,
  });
  const QueueUrl = await createQueue("orders");
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));
  const receive = async (): Promise<string | undefined> =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 10 }))).Messages?.[0]
      ?.ReceiptHandle;
  const startedAt = emulator.clock.now();
  const before = Number(process.hrtime.bigint());
  const first = await receive();
  await emulator.clock.advance(10_000);
  const second = await receive();
  expect(await receive()).toBeUndefined();
  const handOuts = await controlClient(endpoint).handOuts();
  expect(handOuts).toEqual(emulator.handOuts());
  expect(handOuts).toMatchObject([
    { lease: first, queue: "orders", at: startedAt },
    { lease: second, queue: "orders", at: startedAt + 10_000 },
  ]);
  const [one, two] = handOuts.map(({ machineNs }) => machineNs);
  expect(one).toBeGreaterThan(before);
  expect(two).toBeGreaterThan(one ?? Number.POSITIVE_INFINITY);
  emulator.reset();
  expect(emulator.handOuts()).toEqual([]);
});

test("a lease that a fault ends early, or whose message it hands out again, is recorded as broken then", async () => {
  const { emulator, sqs, createQueue } = await runEmulator({ clock: "manual", recordHandOuts: true });
  const QueueUrl = await createQueue("orders");
  for (const MessageBody of ["a", "b"]) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const receive = async (): Promise<string> =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.ReceiptHandle ?? "";
  emulator.faults.add({ operation: "ReceiveMessage", action: { kind: "duplicate" }, count: 1 });
  const twice = await receive();
  const kept = await receive();
  const startedAt = emulator.clock.now();
  await emulator.clock.advance(1_000);
  emulator.faults.add({ operation: "DeleteMessage", action: { kind: "expireLease" }, count: 1 });
  const ended = await receive();
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: ended }));
  const broken = emulator.handOuts().map(({ lease, broken: moment }) => [lease, moment?.at]);
  expect(broken).toEqual([
    [twice, startedAt],
    [kept, undefined],
    [ended, startedAt + 1_000],
  ]);
});

test("nothing is recorded unless the option is on", async () => {
  const { emulator, sqs, createQueue } = await runEmulator();
  const QueueUrl = await createQueue("orders");
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));
  await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(emulator.handOuts()).toEqual([]);
});

test("a delivery over AMQP is recorded under its lock token, and a message that needs no settling is not", async () => {
  const emulator = await startEmulator({
    serviceBusPort: 0,
    serviceBusConfig: { UserConfig: { Namespaces: [{ Queues: [{ Name: "orders" }] }] } },
    recordHandOuts: true,
  });
  emulators.push(emulator);
  const client = new ServiceBusClient(emulator.environment["ANYQUEUE_SERVICE_BUS_CONNECTION_STRING"] ?? "");
  const receiver = client.createReceiver("orders");
  const taker = client.createReceiver("orders", { receiveMode: "receiveAndDelete" });
  await client.createSender("orders").sendMessages([{ body: "a" }, { body: "b" }]);
  const [message] = await receiver.receiveMessages(1);
  expect(await taker.receiveMessages(1)).toHaveLength(1);
  expect(emulator.handOuts()).toMatchObject([{ lease: message?.lockToken, queue: "orders" }]);
  await client.close();
});

test("messages of a pull and of a stream are recorded under their ack ids", async () => {
  const running = await runPubsub(newest, { recordHandOuts: true });
  const { name } = await running.createPair();
  await running.publish("a", "b");
  const [pulled] = await pullNow(running, name, 1);
  const stream = openStream(running.subscriber, name);
  await until(() => stream.messages.length === 1);
  const [streamed] = stream.messages;
  const queue = name.split("/").at(-1);
  expect(running.emulator.handOuts()).toMatchObject([
    { lease: pulled?.ackId, queue },
    { lease: streamed?.ackId, queue },
  ]);
});

test("a fault that breaks the lease of an ordered message breaks those of its followers, and no others", async () => {
  const running = await runPubsub(newest, { recordHandOuts: true });
  const { name } = await running.createPair({ enableMessageOrdering: true });
  await running.publishTo("k", "before", "broken", "behind");
  await running.publishTo("other", "elsewhere");
  const stream = openStream(running.subscriber, name);
  await until(() => stream.messages.length === 4);
  const bodies = new Map(
    stream.messages.map(({ ackId, message }) => [ackId ?? "", Buffer.from(message?.data ?? "").toString()]),
  );
  const [broken] = [...bodies].find(([, body]) => body === "broken") ?? [""];
  running.emulator.faults.add({ operation: "Acknowledge", action: { kind: "expireLease" }, count: 1 });
  await running.subscriber.acknowledge({ subscription: name, ackIds: [broken] });
  const told = running.emulator.handOuts().filter((handOut) => handOut.broken !== undefined);
  expect(told.map(({ lease }) => bodies.get(lease))).toEqual(["broken", "behind"]);
});
