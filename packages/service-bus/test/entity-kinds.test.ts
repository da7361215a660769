import { createClient, defineQueue, defineTopic } from "@anyqueue/core";
import type { AdminDriver, EntityRef, Target } from "@anyqueue/core/adapter";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import {
  adminOf,
  never,
  openAdapter,
  present,
  queueOf,
  rawAdministration,
  rejection,
} from "./open-adapter.ts";
import { connectionString } from "./service-bus-harness.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

// Queues and topics share their names, and the service's administration returns what it has for either kind.

const shared = useSharedEmulator();
let admin: AdminDriver;

beforeAll(async () => {
  admin = await adminOf(shared.adapter);
  const raw = rawAdministration(shared.endpoint);
  await raw.createQueue("plain");
  await raw.createTopic("events");
  await raw.createSubscription("events", "audit");
});

const CALLS: Readonly<Record<string, (target: Target) => Promise<unknown>>> = {
  create: async (target) => await admin.create(target, {}, never),
  inspect: async (target) => await admin.inspect(target, never),
  purge: async (target) => await admin.purge(target, never),
  delete: async (target) => await admin.delete(target, never),
};

describe.each<[string, EntityRef, string]>([
  ["a topic that is taken for a queue", { kind: "queue", name: "events", features: [] }, "events is a topic"],
  ["a queue that is taken for a topic", { kind: "topic", name: "plain", features: [] }, "plain is a queue"],
])("%s", (_what, ref, text) => {
  test.each(Object.entries(CALLS))("%s is refused, and changes nothing", async (_name, call) => {
    const error = await rejection(call(shared.adapter.resolve(ref)));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining(text) });
    const raw = rawAdministration(shared.endpoint);
    expect(await raw.queueExists("plain")).toBe(true);
    expect(await raw.subscriptionExists("events", "audit")).toBe(true);
  });
});

test("dead letters of a topic cannot be brought back to it", async () => {
  const { adapter } = shared;
  const topic = adapter.resolve({ kind: "queue", name: "events", features: [] });
  const from = adapter.resolve({ kind: "dead-letter", name: "events", features: [] });
  const redrive = async (): Promise<void> => {
    for await (const _ of present(admin.redrive).call(admin, from, topic, never)) break;
  };
  expect(await rejection(redrive())).toMatchObject({ code: "INVALID_ARGUMENT" });
});

describe("one client with a right and a wrong definition of a name", () => {
  let client: ReturnType<typeof connect>;

  function connect() {
    return createClient(`service-bus://emulator?endpoint=${shared.endpoint}`, [serviceBus()]);
  }

  beforeEach(() => {
    client = connect();
    shared.keep({ close: async () => await client.close() });
  });

  test("refuses the wrong one alone: a topic is sent to after it was looked at as a queue", async () => {
    const wrong = defineQueue<string>("events", { deadLetter: "none" });
    expect(await rejection(client.verify(wrong))).toMatchObject({ code: "INVALID_ARGUMENT" });
    await client.producer(defineTopic<string>("events")).send("one");
    expect(await rejection(client.verify(wrong))).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("and a queue after it was looked at as a topic", async () => {
    expect(await rejection(client.verify(defineTopic<string>("plain")))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await client.producer(defineQueue<string>("plain")).send("one");
  });
});

test("a connection string of one entity opens that one, and is the caller's mistake for any other", async () => {
  const options = { connectionString: `${connectionString(shared.endpoint)};EntityPath=plain` };
  const own = shared.keep(openAdapter(shared.endpoint, { options }));
  await own.openProducer(queueOf(own, "plain")).open?.(never);
  const error = await rejection(own.openProducer(queueOf(own, "other")).open?.(never));
  expect(own.classify(error, "open")).toMatchObject({ code: "INVALID_ARGUMENT", retryable: false });
});
