import { type } from "arktype";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isQueueError } from "../errors/queue-error.ts";
import { json, text } from "./codec.ts";
import { deadLetters, defineQueue, defineTopic, detailsOf, unchecked } from "./queue-definition.ts";

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isQueueError(error, "INVALID_ARGUMENT")) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

/** Accepts what JavaScript and configuration can pass although it does not compile. */
const untyped = defineQueue as unknown as (name: unknown, options?: unknown) => unknown;

test("a definition is its kind and name; what the engine reads is hidden and frozen", () => {
  const orders = defineQueue("orders", { schema: unchecked<{ id: string }>(), lease: "30s" });
  expect({ ...orders }).toEqual({ kind: "queue", name: "orders" });
  expect(Object.isFrozen(orders)).toBe(true);
  const details = detailsOf(orders);
  expect([details, details.policy, details.needs].every((part) => Object.isFrozen(part))).toBe(true);
  expect(details).toMatchObject({ kind: "queue", policy: { lease: "30s" }, needs: [], emulate: [] });
  expect(details.codec).toBe(json());
  expect(details.schema).toBeUndefined();
});

test("an ordering key is a need for ordering, named once", () => {
  const options = { schema: unchecked<{ k: string }>(), orderingKey: (body: { k: string }) => body.k };
  expect(detailsOf(defineQueue("a", options)).needs).toEqual(["ordering"]);
  expect(detailsOf(defineQueue("b", { ...options, needs: ["ordering", "delay"] })).needs).toEqual([
    "ordering",
    "delay",
  ]);
});

test("undefined options are absent options", () => {
  const details = detailsOf(defineQueue("q", { retry: undefined, lease: undefined, codec: undefined }));
  expect(details.policy).toEqual({});
});

test("a subscription has its topic's schema and its own policy over the topic's", () => {
  const placed = defineTopic("placed", {
    schema: z.object({ id: z.string() }),
    lease: "2m",
    retry: { attempts: 9, delay: "5s" },
  });
  const billing = placed.subscription("billing", { retry: { attempts: 3 } });
  expect({ ...billing }).toEqual({ kind: "subscription", name: "billing", topic: "placed" });
  const details = detailsOf(billing);
  expect(details).toMatchObject({ kind: "subscription", name: "billing", topic: "placed" });
  expect(details.schema).toBe(detailsOf(placed).schema);
  expect(details.policy).toEqual({ lease: "2m", retry: { attempts: 3, delay: "5s" } });
});

test("dead letters remember their source, have no attempt budget and no dead letters of their own", () => {
  const orders = defineQueue("orders", { needs: ["ordering"], schema: unchecked<string>(), lease: "30s" });
  const dead = detailsOf(deadLetters(orders));
  expect(dead).toMatchObject({ kind: "dead-letter", name: "orders", needs: [] });
  expect(dead.of).toBe(detailsOf(orders));
  expect(dead.policy).toEqual({ retry: { attempts: "unlimited" }, deadLetter: "none", lease: "30s" });
  const ofSubscription = deadLetters(defineTopic("placed").subscription("billing"));
  expect(detailsOf(ofSubscription)).toMatchObject({ kind: "dead-letter", name: "billing", topic: "placed" });
});

test("schemas of every library that keeps the standard fit, functions too", () => {
  const arktype = type({ id: "string" });
  expect(typeof arktype).toBe("function");
  expect(detailsOf(defineQueue("q", { schema: arktype })).schema).toBe(arktype);
});

describe("refuses", () => {
  test.each(["", "-a", "_a", "a b", "a.fifo", "ä", "a/b", "x".repeat(81)])("the name %j", (name) => {
    expect(refusal(() => defineQueue(name))).toContain("1 to 80");
    expect(refusal(() => defineTopic("t").subscription(name))).toContain("1 to 80");
  });

  test("names that are no text", () => {
    expect(refusal(() => untyped(7))).toContain("1 to 80");
    expect(refusal(() => untyped(undefined))).toContain("1 to 80");
  });

  test("accepts the longest name", () => {
    expect(defineQueue("x".repeat(80)).name).toHaveLength(80);
  });

  test.each([
    [{ shema: {} }, 'unknown key "shema" (did you mean "schema"?)'],
    [{ attempts: 5 }, 'unknown key "attempts"'],
    [{ retry: { atempts: 3 } }, 'did you mean "attempts"?'],
    [{ retry: 3 }, "retry: expected an object, got number"],
    [{ retry: { attempts: 0 } }, "whole number from 1"],
    [{ retry: { attempts: 1.5 } }, "whole number from 1"],
    [{ retry: { attempts: "5" } }, "got string"],
    [{ retry: { delay: "5 s" } }, 'retry.delay: expected a duration such as "30s", got "5 s"'],
    [{ lease: 30 }, "lease: expected a duration"],
    [{ lease: "0s" }, "lease: expected more than 0"],
    [{ lease: "-1s" }, "lease: expected a duration"],
    [{ deadLetter: "orders-dead" }, 'deadLetter: expected "auto" or "none"'],
    [{ schema: {} }, "Standard Schema"],
    [{ schema: "zod" }, "Standard Schema"],
    [{ codec: { contentType: "x" } }, "codec: expected"],
    [{ codec: 1 }, "codec: expected"],
    [{ id: "orderId" }, "id: expected a function"],
    [{ orderingKey: 1 }, "orderingKey: expected a function"],
    [{ needs: "delay" }, "needs: expected an array"],
    [{ needs: ["fifo"] }, 'got "fifo"'],
    [{ emulate: ["ordering"] }, "emulate: expected some of delay, ttl"],
    ["options", "expected an object, got string"],
    [null, "expected an object, got null"],
  ])("the options %j", (options, text) => {
    expect(refusal(() => untyped("orders", options))).toContain(text);
  });

  test("everything wrong at once", () => {
    const message = refusal(() => untyped("a b", { lease: "1 min", nedes: [], retry: { attempts: -1 } }));
    for (const part of ["1 to 80", "a duration", '"needs"', "whole number"]) expect(message).toContain(part);
  });

  test("options of a subscription that belong to its topic", () => {
    const subscription = defineTopic("t").subscription as (name: string, options: unknown) => unknown;
    expect(refusal(() => subscription("s", { codec: text() }))).toContain('unknown key "codec"');
  });

  test("dead letters of dead letters or of a topic, and what is no definition", () => {
    const ofAny = deadLetters as (of: unknown) => unknown;
    expect(refusal(() => ofAny(deadLetters(defineQueue("q"))))).toContain("dead-letter");
    expect(refusal(() => ofAny(defineTopic("t")))).toContain("topic");
    expect(refusal(() => ofAny({ kind: "queue", name: "q" }))).toContain("expected a definition");
    expect(refusal(() => ofAny(undefined))).toContain("got undefined");
  });
});
