import { describe, expect, test } from "vitest";
import { fakeTarget } from "../../test/fake-adapter.ts";
import type { EventBatch } from "../driver/event-source.ts";
import { json } from "../message/codec.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import type { ConsumerOptions } from "../queue-consumer.ts";
import { checkedBatch, UNNAMED_ADAPTER } from "./event-target.ts";
import type { OpenedConsumer } from "./open-consumer.ts";
import { resolveOptions } from "./resolve-options.ts";

const SIGNAL = new AbortController().signal;
const OK = { ok: true, value: undefined } as const;

function opened(
  batch: Partial<EventBatch> = {},
  details: Partial<DefinitionDetails> = {},
  options: ConsumerOptions = {},
): OpenedConsumer {
  const definition: DefinitionDetails = {
    kind: "queue",
    name: "orders",
    codec: json(),
    needs: ["ordering"],
    emulate: [],
    policy: {},
    ...details,
  };
  return checkedBatch(definition, resolveOptions(options, {}), { deliveries: [], ...batch }).opened;
}

describe("the target of a batch", () => {
  test("is named after the definition where the source says nothing", () => {
    expect(opened().target).toMatchObject({
      name: "event:orders",
      entity: "orders",
      ref: { kind: "queue", name: "orders", features: ["ordering"] },
    });
    expect(opened().target.ref).not.toHaveProperty("topic");
    expect(opened({}, { kind: "subscription", name: "audit", topic: "events" }).target).toMatchObject({
      name: "event:events/audit",
      entity: "audit",
      ref: { kind: "subscription", name: "audit", topic: "events" },
    });
  });

  test("then keeps order, and takes whatever it is given", () => {
    const { capabilities, limits } = opened().target;
    const any = Number.MAX_SAFE_INTEGER;
    const operation = { maxItems: any, maxInFlight: 1 };
    expect(capabilities).toEqual({
      ordering: "by-key",
      deduplication: "none",
      sendDelay: "none",
      releaseDelay: { maxMs: Number.POSITIVE_INFINITY },
      lease: "none",
      leaseSetBy: "entity",
      release: "native",
      deadLetter: "none",
      deliveryCount: "approximate",
      settle: "accepted",
      abort: "clean",
      followers: "release",
      isolation: "free",
      batchFailure: "per-item",
      batchKey: "mixed",
      ttl: false,
      peek: false,
      cancel: false,
      filter: false,
      exactlyOnceAck: false,
    });
    expect(limits).toEqual({
      maxMessageBytes: any,
      send: { ...operation, maxBytes: any, overheadBytes: 0 },
      receive: { maxItems: any, maxWaitMs: 0, parallel: 1, billed: false },
      ack: operation,
      release: operation,
      extend: operation,
      deadLetter: operation,
      lease: { minMs: 0, maxMs: any, totalMs: Number.POSITIVE_INFINITY },
      attributes: {
        maxCount: any,
        maxNameBytes: any,
        maxValueBytes: any,
        reservedPrefixes: [],
        emptyValues: true,
      },
      orderingKey: { maxLength: any },
      deduplicationId: { maxLength: any },
    });
  });

  test("is the source's own otherwise, with the abilities of the batch", () => {
    const target = fakeTarget(
      { kind: "queue", name: "real", features: [] },
      { capabilities: { ordering: "none", releaseDelay: "none", followers: "hold", lease: "timed" } },
    );
    const made = opened({ target }).target;
    expect([made.name, made.limits]).toEqual([target.name, target.limits]);
    expect(made.capabilities).toEqual({
      ...target.capabilities,
      lease: "none",
      leaseSetBy: "entity",
      release: "native",
      releaseDelay: { maxMs: Number.POSITIVE_INFINITY },
      deadLetter: "none",
      followers: "release",
    });
  });

  test("leases and dead-letters where the source can extend and move", () => {
    const { capabilities } = opened({
      settle: { extendBatch: async () => [], deadLetterBatch: async () => [] },
    }).target;
    expect(capabilities).toMatchObject({ lease: "timed", deadLetter: "native" });
  });
});

describe("the driver of a batch", () => {
  test("has nothing to fetch, and leaves to the reply what the source cannot settle", async () => {
    const { driver, retries } = opened();
    expect(await driver.receiveBatch({ maxItems: 5, waitMs: 0 }, SIGNAL)).toEqual([]);
    expect(await driver.ackBatch(["a", "b"], SIGNAL)).toEqual([OK, OK]);
    const items = [{ handle: "a", delayMs: 0, cause: "retry" as const }];
    expect(await driver.releaseBatch(items, SIGNAL)).toEqual([OK]);
    expect([driver.extendBatch, driver.deadLetterBatch, retries]).toEqual([undefined, undefined, undefined]);
    await driver.close();
  });

  test("settles what the source can, with its own `this`", async () => {
    const calls: unknown[] = [];
    class Settle {
      readonly #mark = "mine";
      async #note(name: string, items: readonly unknown[], signal: AbortSignal) {
        calls.push([this.#mark, name, items, signal === SIGNAL]);
        return await Promise.resolve([]);
      }
      async ackBatch(items: readonly unknown[], signal: AbortSignal) {
        return await this.#note("ack", items, signal);
      }
      async releaseBatch(items: readonly unknown[], signal: AbortSignal) {
        return await this.#note("release", items, signal);
      }
      async extendBatch(items: readonly unknown[], signal: AbortSignal) {
        return await this.#note("extend", items, signal);
      }
      async deadLetterBatch(items: readonly unknown[], signal: AbortSignal) {
        return await this.#note("dead-letter", items, signal);
      }
    }
    const { driver } = opened({ settle: new Settle() });
    await driver.ackBatch(["a"], SIGNAL);
    await driver.releaseBatch([], SIGNAL);
    await driver.extendBatch?.([], SIGNAL);
    await driver.deadLetterBatch?.([], SIGNAL);
    expect(calls).toEqual([
      ["mine", "ack", ["a"], true],
      ["mine", "release", [], true],
      ["mine", "extend", [], true],
      ["mine", "dead-letter", [], true],
    ]);
  });

  test("takes a minute for the lease where nothing was said", () => {
    expect(opened().leaseMs).toBe(60_000);
    expect(opened({}, {}, { lease: "20s" }).leaseMs).toBe(20_000);
  });

  test("knows of no error of a source that names none whether it took effect", () => {
    expect(UNNAMED_ADAPTER.name).toBe("event");
    expect(UNNAMED_ADAPTER.classify(new Error("no"), "ack")).toEqual({
      code: "INTERNAL",
      retryable: false,
      ambiguous: true,
    });
  });
});

describe("a dead letter of a batch", () => {
  const settle = { deadLetterBatch: async () => [] };

  test.each([
    ["moves where the source can move", { settle }, {}, {}, { kind: "native" }],
    [
      "stays where it cannot",
      {},
      {},
      {},
      { kind: "none", why: /event source cannot move/u, remedy: "`calls`" },
    ],
    [
      "stays where the definition says so",
      { settle },
      {},
      { deadLetter: "none" },
      { kind: "none", why: /deadLetter: "none"/u },
    ],
    [
      "goes no further if it is one already",
      { settle },
      { kind: "dead-letter" },
      {},
      { kind: "none", why: /nowhere further/u },
    ],
  ] as const)("%s", (_claim, batch, details, options, route) => {
    const made = opened(batch, details, options).route;
    expect(made.kind).toBe(route.kind);
    expect("why" in made ? made.why : "").toMatch("why" in route ? route.why : /^$/u);
    const advice = "remedy" in route ? route.remedy : "";
    expect("remedy" in made ? made.remedy : "").toContain(advice);
  });
});
