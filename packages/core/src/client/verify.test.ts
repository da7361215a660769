import { describe, expect, test } from "vitest";
import { FakeServiceError } from "../../test/fake-adapter.ts";
import { FakeService, type FakeServiceOptions } from "../../test/fake-provider.ts";
import { queueError } from "../errors/queue-error.ts";
import {
  deadLetters,
  defineQueue,
  defineTopic,
  detailsOf,
  unchecked,
  type AnyDefinition,
} from "../message/queue-definition.ts";
import { createEventSink } from "../telemetry/channels.ts";
import { createVirtualClock } from "../testing.ts";
import { verifyPlace } from "./verify.ts";

const denied = new FakeServiceError({ code: "ACCESS_DENIED", retryable: false });
const missing = new FakeServiceError({ code: "NOT_FOUND", retryable: false });

async function verify(definition: AnyDefinition, options: FakeServiceOptions = {}, config: object = {}) {
  const service = new FakeService(options);
  const notices: string[] = [];
  const events = createEventSink([{ notice: ({ text }) => notices.push(text) }]);
  const directory = service.directory(config);
  const faults = await verifyPlace(directory.find(detailsOf(definition)), directory, events);
  return {
    codes: faults.map(({ code }) => code),
    texts: faults.map(({ message }) => message),
    notices,
    log: service.log,
  };
}

const orders = defineQueue("orders");

test("an entity that is there, accessible and roomy has no fault; both sides and its dead letters were opened and closed", async () => {
  const { codes, log } = await verify(orders, { facts: { orders: { maxDeliveries: 10, unknown: [] } } });
  expect(codes).toEqual([]);
  expect(log.filter((line) => /^(open|close)/.test(line)).toSorted()).toEqual([
    "close consumer orders",
    "close producer orders",
    "close producer orders-dead",
    "open consumer orders",
    "open producer orders",
    "open producer orders-dead",
  ]);
});

test("a need that the target cannot meet is UNSUPPORTED with its feature, and nothing is opened", async () => {
  const definition = defineQueue("orders", {
    schema: unchecked<string>(),
    needs: ["delay", "ttl"],
    emulate: ["ttl"],
  });
  const { codes, texts, log } = await verify(definition);
  expect(codes).toEqual(["UNSUPPORTED"]);
  expect(texts[0]).toContain('emulate: ["delay"]');
  expect(log.some((line) => line.startsWith("open"))).toBe(false);
});

test("an entity that does not exist is one fault, not one per side", async () => {
  const openErrors = { "producer orders": missing, "consumer orders": missing };
  expect((await verify(orders, { openErrors })).codes).toEqual(["NOT_FOUND"]);
});

test("one side denied is a notice, both denied a fault", async () => {
  const one = await verify(orders, { openErrors: { "producer orders": denied } });
  expect(one.codes).toEqual([]);
  expect(one.notices).toContainEqual(expect.stringContaining("open failed"));
  const both = await verify(orders, { openErrors: { "producer orders": denied, "consumer orders": denied } });
  expect(both.codes).toEqual(["ACCESS_DENIED"]);
});

test("a topic has no consumer side, a subscription no producer side, and a missing side is no fault", async () => {
  const placed = defineTopic("placed");
  expect((await verify(placed)).log).not.toContain("open consumer placed");
  const billing = placed.subscription("billing", { deadLetter: "none" });
  expect((await verify(billing)).log).toContain("open consumer placed-billing");
  const remedy = "none";
  const unsupported = queueError("UNSUPPORTED", { what: "no sending", remedy }, { feature: "send", remedy });
  expect((await verify(orders, { openErrors: { "producer orders": unsupported } })).codes).toEqual([]);
});

test("a service that dead-letters before the attempts are spent is a fault", async () => {
  const facts = { orders: { maxDeliveries: 3, unknown: [] } };
  const { codes, texts } = await verify(orders, { facts });
  expect(codes).toEqual(["INVALID_ARGUMENT"]);
  expect(texts[0]).toContain("retry.attempts is 5, but the service dead-letters after 3 deliveries");
  expect((await verify(defineQueue("orders", { retry: { attempts: 3 } }), { facts })).codes).toEqual([]);
  expect(
    (await verify(defineQueue("orders", { retry: { attempts: "unlimited" } }), { facts })).codes,
  ).toEqual([]);
});

test("what a consumer would refuse at its start is a fault, all of it at once", async () => {
  const definition = defineQueue("orders", { lease: "2d", retry: { delay: "2h" } });
  const options = {
    facts: { orders: { unknown: [] } },
    probed: { deliveryCount: "none" as const, releaseDelay: "none" as const },
  };
  const { texts } = await verify(definition, options);
  expect(texts).toEqual([
    expect.stringContaining("the service does not count deliveries"),
    expect.stringContaining("the service cannot delay a retry"),
    expect.stringContaining("lease: expected"),
  ]);
});

test("a fault is told once: what could not be read of an entity that is not there is no notice", async () => {
  const openErrors = { "producer orders": missing, "consumer orders": missing };
  const { notices, codes } = await verify(orders, { openErrors });
  expect([notices, codes]).toEqual([[], ["NOT_FOUND"]]);
});

describe("dead letters that the core sends must have a target", () => {
  const openErrors = { "producer orders-dead": missing, "producer other": missing };

  test("by rule, by configuration, by the service's own setting", async () => {
    expect((await verify(orders, { openErrors })).codes).toEqual(["NOT_FOUND"]);
    const configured = await verify(orders, { openErrors }, { queues: { orders: { deadLetter: "failed" } } });
    expect(configured.codes).toEqual([]);
    const facts = { orders: { deadLetterEntity: "other", unknown: [] } };
    expect((await verify(orders, { openErrors, facts })).codes).toEqual(["NOT_FOUND"]);
  });

  test("not where the service moves them, where there are none, or where they are the entity itself", async () => {
    expect((await verify(orders, { openErrors, capabilities: { deadLetter: "native" } })).codes).toEqual([]);
    expect((await verify(defineQueue("orders", { deadLetter: "none" }), { openErrors })).codes).toEqual([]);
    expect((await verify(deadLetters(orders), { openErrors })).codes).toEqual([]);
  });
});

test("the consumer options of the configuration count, as they do for a consumer", async () => {
  const facts = { orders: { maxDeliveries: 10, unknown: [] } };
  const of = (consumer: object) => ({ queues: { orders: { consumer } } });
  const many = await verify(orders, { facts }, of({ retry: { attempts: 20 } }));
  expect(many.texts).toEqual([expect.stringContaining("retry.attempts is 20")]);
  const long = await verify(orders, { facts }, of({ handlerTimeout: "2d" }));
  expect(long.texts).toEqual([expect.stringContaining("consumer.handlerTimeout is 172800000 ms")]);
  const openErrors = { "producer orders-dead": missing };
  expect((await verify(orders, { openErrors }, of({ deadLetter: "none" }))).codes).toEqual([]);
  const alone = defineQueue("orders", { deadLetter: "none" });
  expect((await verify(alone, { openErrors }, of({ deadLetter: "auto" }))).codes).toEqual(["NOT_FOUND"]);
});

test("dead letters are looked for where the service has them", async () => {
  const facts = { orders: { deadLetterEntity: "other", unknown: [] } };
  expect((await verify(deadLetters(orders), { facts })).log).toContain("open consumer other");
  expect((await verify(deadLetters(orders))).log).toContain("open consumer orders-dead");
});

test("a queue that turns out to lack what its definition needs is UNSUPPORTED", async () => {
  const definition = defineQueue("orders", { schema: unchecked<string>(), orderingKey: (key) => key });
  const options = { facts: { orders: { unknown: [] } }, probed: { ordering: "none" as const } };
  expect((await verify(definition)).codes).toEqual([]);
  expect((await verify(definition, options)).codes).toEqual(["UNSUPPORTED"]);
});

test("a service that does not answer is TIMEOUT within five seconds", async () => {
  const service = new FakeService({ hangs: "consumer orders" });
  const clock = createVirtualClock();
  const directory = service.directory({}, clock);
  const faults = verifyPlace(directory.find(detailsOf(orders)), directory, createEventSink([]));
  await clock.advance("5s");
  expect((await faults).map(({ code }) => code)).toEqual(["TIMEOUT"]);
});

test("what a probe could not check is a notice", async () => {
  const facts = { orders: { unknown: ["The redrive policy cannot be read."] } };
  expect((await verify(orders, { facts })).notices).toEqual(["The redrive policy cannot be read."]);
  expect((await verify(orders)).notices).toEqual([expect.stringContaining("could not be read")]);
});
