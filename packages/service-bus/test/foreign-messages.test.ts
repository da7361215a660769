import { createClient, defineQueue, type QueueClient } from "@anyqueue/core";
import type { Delivery, Target } from "@anyqueue/core/adapter";
import { types, type Message } from "rhea";
import { beforeAll, describe, expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import { BODIES, deepMessage, sendForeign, UUID, VALUES, type Foreign } from "./foreign-sender.ts";
import {
  adminOf,
  bury,
  consumerOptions,
  deadLettersOf,
  never,
  present,
  receive,
  rejection,
} from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();
let admin: Awaited<ReturnType<typeof adminOf>>;

beforeAll(async () => {
  admin = await adminOf(shared.adapter);
});

async function withForeign(messages: readonly Foreign[]): Promise<Target> {
  const target = await shared.newQueue();
  await sendForeign(shared.endpoint, target.entity, messages);
  return target;
}

async function consumed(target: Target, count: number): Promise<readonly Delivery<unknown>[]> {
  const flow = { maxOutstanding: count, lanes: count };
  return await receive(await shared.consume(target, consumerOptions({ flow })), count);
}

/** Returns the messages after they were dead-lettered and brought back by a redrive, with `max` or without. */
async function redriven(
  messages: readonly Partial<Message>[],
  max?: number,
): Promise<readonly Delivery<unknown>[]> {
  const target = await withForeign(messages);
  await bury(shared.adapter, target, messages.length);
  const from = deadLettersOf(shared.adapter, target);
  const moves =
    max === undefined
      ? present(admin.redrive).call(admin, from, target, never)
      : clientOf(target).admin.redrive(defineQueue("q"), { max });
  let total = 0;
  for await (const { moved } of moves) total = moved;
  expect(total).toBe(messages.length);
  return await consumed(target, messages.length);
}

/** Knows the queue as `q`. */
function clientOf({ entity }: Target): QueueClient {
  const url = `service-bus://emulator?endpoint=${shared.endpoint}`;
  return shared.keep(createClient({ url, queues: { q: { name: entity } } }, [serviceBus()]));
}

const ofValues = Object.entries(VALUES).map(([name, [value]]) => ({
  message_id: name,
  application_properties: { value },
}));
const ofBodies = Object.entries(BODIES).map(([name, [body]]) => ({ message_id: name, body }));
const seenValues = Object.entries(VALUES).map(([name, [, text, type]]) => [name, text, type]);
const seenBodies = Object.entries(BODIES).map(([name, [, text, type]]) => [name, text, type]);

const valueOf = ({ id, attributes, attributeTypes }: Delivery<unknown>): unknown[] => [
  id,
  attributes["value"],
  attributeTypes?.["value"],
];
const bodyOf = ({ id, body, contentType }: Delivery<unknown>): unknown[] => [
  id,
  Buffer.from(body).toString(),
  contentType,
];

describe("a message of another AMQP library", () => {
  test("comes with properties of every type as text, and disturbs none beside it", async () => {
    const target = await withForeign(ofValues);
    expect((await consumed(target, ofValues.length)).map(valueOf)).toEqual(seenValues);
  });

  test("comes with a body of any form as bytes", async () => {
    const target = await withForeign(ofBodies);
    expect((await consumed(target, ofBodies.length)).map(bodyOf)).toEqual(seenBodies);
  });

  test("comes as malformed if nobody can read its body, and takes nobody's connection", async () => {
    const target = await withForeign([
      { message_id: "before" },
      deepMessage("deep"),
      { message_id: "after" },
    ]);
    const options = consumerOptions({ flow: { maxOutstanding: 3, lanes: 3 } });
    const deliveries = await receive(await shared.consume(target, options), 3);
    expect(deliveries.map(({ id, malformed }) => [id, malformed])).toEqual([
      ["before", undefined],
      ["deep", "what it carries cannot be read"],
      ["after", undefined],
    ]);
    expect([options.faults, options.lost]).toEqual([[], []]);
  });

  test.each([
    ["a UUID", types.wrap_uuid(UUID as never), "00010203-0405-0607-0809-0a0b0c0d0e0f"],
    ["a large number", types.wrap_ulong(Buffer.from("fffffffffffffff0", "hex")), "fffffffffffffff0"],
    ["bytes", types.wrap_binary(Buffer.from([0, 1])), "0001"],
  ])("comes with %s as its id", async (_, id, text) => {
    const target = await withForeign([{ message_id: id as never, correlation_id: id as never }]);
    expect(await consumed(target, 1)).toMatchObject([{ id: text, correlationId: text }]);
  });

  test.each([
    ["a boolean", types.wrap_boolean(true)],
    ["a map", types.wrap_map({ length: 7 })],
  ])("comes as malformed with %s as its id, and disturbs none beside it", async (_, id) => {
    const target = await withForeign([{ message_id: id as never }, { message_id: "beside" }]);
    const [bad, beside] = await consumed(target, 2);
    expect(bad).toMatchObject({ id: bad?.providerId, malformed: "what it carries cannot be read" });
    expect(beside).toMatchObject({ id: "beside" });
  });

  test("with no bytes as its id gets the service's", async () => {
    const nothing = types.wrap_binary(Buffer.alloc(0)) as never;
    const target = await withForeign([{ message_id: nothing, correlation_id: nothing }]);
    const [delivery] = await consumed(target, 1);
    expect(delivery).toMatchObject({ id: delivery?.providerId });
    expect(delivery).not.toHaveProperty("correlationId");
  });
});

const UNWRITABLE = ["NaN", "last timestamp of AMQP", "whole number beyond 64 bits"];
const isUnwritable = ([name]: readonly unknown[]): boolean => UNWRITABLE.includes(String(name));

describe("a redrive", () => {
  test("leaves properties as they were read; what cannot be written becomes text", async () => {
    const expected = seenValues.map((each) => (isUnwritable(each) ? [each[0], each[1], undefined] : each));
    expect((await redriven(ofValues)).map(valueOf)).toEqual(expected);
  });

  test("leaves bodies as they were read", async () => {
    expect((await redriven(ofBodies)).map(bodyOf)).toEqual(seenBodies);
  });

  test.each([
    ["UUIDs", types.wrap_uuid(UUID as never), "00010203-0405-0607-0809-0a0b0c0d0e0f"],
    ["large numbers", types.wrap_ulong(Buffer.from("fffffffffffffff0", "hex")), "fffffffffffffff0"],
    ["few bytes", types.wrap_binary(Buffer.from([0, 1])), "0001"],
    ["many bytes", types.wrap_binary(Buffer.alloc(20, 1)), "01".repeat(20)],
  ])("leaves ids that are %s as they were read", async (_, id, text) => {
    const deliveries = await redriven([{ message_id: id as never, correlation_id: id as never }]);
    expect(deliveries).toMatchObject([{ id: text, correlationId: text }]);
  });
});

test.each([undefined, 10])(
  "a redrive with max %s moves no body that it cannot read: its copy would be another message",
  async (max) => {
    const target = await withForeign([deepMessage("deep"), { message_id: "beside", body: "b" }]);
    await bury(shared.adapter, target, 2);
    const moving = (async () => {
      for await (const _ of clientOf(target).admin.redrive(defineQueue("q"), { max }));
    })();
    expect(await rejection(moving)).toMatchObject({ code: "INVALID_MESSAGE", retryable: false });
    expect((await consumed(target, 1)).map(({ id }) => id)).toEqual(["beside"]);
    expect(await clientOf(target).admin.inspect(defineQueue("q"))).toMatchObject({ deadLettered: 1 });
  },
);

describe("a redrive with `max`", () => {
  test("leaves properties as they were read; what cannot be written becomes text", async () => {
    const deliveries = await redriven(ofValues, ofValues.length);
    const expected = seenValues.map((each) =>
      isUnwritable(each) || each[2] === "object" ? [each[0], each[1], undefined] : each,
    );
    expect(deliveries.map(valueOf)).toEqual(expected);
  });

  test("leaves bodies as they were read, with the content type of the definition if they had none", async () => {
    const expected = seenBodies.map(([name, text, type]) => [name, text, type ?? "application/json"]);
    expect((await redriven(ofBodies, ofBodies.length)).map(bodyOf)).toEqual(expected);
  });
});
