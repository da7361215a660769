import type { AdminDriver, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { createVirtualClock, type VirtualClock } from "@anyqueue/core/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { adminOf, exact, never, openAdapter, rejection, standard } from "./open-adapter.ts";
import { refusal, ScriptedServer } from "./scripted-server.ts";

const ARN = "arn:aws:sqs:eu-west-1:000000000000:orders-dead";

let server: ScriptedServer;
let adapter: QueueAdapter;
let admin: AdminDriver;
let clock: VirtualClock;
/** How many questions about a new queue find none. */
let unknownFor: number;

beforeEach(async () => {
  clock = createVirtualClock();
  unknownFor = 0;
  server = await ScriptedServer.start();
  adapter = openAdapter(server.endpoint, { clock });
  admin = await adminOf(adapter);
  server.script(({ operation, input }) => {
    if (operation === "CreateQueue")
      return { body: { QueueUrl: `${server.endpoint}/000000000000/${String(input["QueueName"])}` } };
    if (operation !== "GetQueueUrl" && operation !== "GetQueueAttributes") return undefined;
    return (unknownFor -= 1) >= 0
      ? refusal("QueueDoesNotExist")
      : { body: { Attributes: { QueueArn: ARN } } };
  });
});

afterEach(async () => {
  await adapter.close();
  await server.close();
});

async function create(target: Target, deadLetter?: Target): Promise<void> {
  let isOver = false;
  const end = (): void => void (isOver = true);
  const created = admin.create(target, deadLetter === undefined ? {} : { deadLetter }, never);
  void created.then(end, end);
  // oxlint-disable-next-line no-await-in-loop -- one second after the other
  while (!isOver) await clock.advance(1_000);
  await created;
}

const dead = (): Target => adapter.resolve({ kind: "dead-letter", name: "orders", features: [] });

// The trap: "you must wait at least one second after the queue is created to be able to use the queue".
test("a new queue is there when create ends, so that another can name it as its dead-letter queue", async () => {
  unknownFor = 2;
  await create(dead());
  expect(unknownFor).toBe(-1);
  await create(standard(adapter), dead());
  expect(server.count("GetQueueUrl")).toBe(0);
  expect(server.inputs("CreateQueue")[1]).toMatchObject({
    Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: ARN, maxReceiveCount: 10 }) },
  });
});

test("a queue that cannot be found for ten seconds was created nevertheless", async () => {
  unknownFor = 1_000;
  await create(standard(adapter));
  expect(server.count("GetQueueAttributes")).toBe(10);
});

test("a queue of another account cannot be created, and where one was created is said", async () => {
  const error = await rejection(create(exact(adapter, "arn:aws:sqs:eu-west-1:999999999999:orders")));
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("000000000000") });
});
