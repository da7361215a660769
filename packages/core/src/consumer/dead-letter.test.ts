import { describe, expect, test } from "vitest";
import { copyBench, type CopyBenchOptions } from "../../test/copy-bench.ts";
import { confirmed, failed, FAKE_LIMITS } from "../../test/fake-adapter.ts";
import type { Outcome } from "../driver/event-source.ts";
import { RESERVED } from "../message/attributes.ts";
import { delivery } from "../testing.ts";
import { createCopyRoute, deadLetterMessage } from "./dead-letter.ts";

const DEAD: Extract<Outcome, { readonly kind: "dead-letter" }> = {
  kind: "dead-letter",
  reason: "R",
  attributes: { [RESERVED.deadReason]: "R", [RESERVED.deadDescription]: "D".repeat(100) },
};

function route(options: CopyBenchOptions = {}) {
  const bench = copyBench(options);
  const made = createCopyRoute(bench.options);
  if (made.kind !== "copy") throw new Error("a route of copies was asked for");
  return { ...bench, route: made };
}

describe("a copy of a dead letter", () => {
  test("is the message as it came, with the record of its death, and once a duplicate of itself", () => {
    const { options } = copyBench();
    const body = new Uint8Array([1, 2]);
    const copy = deadLetterMessage(
      delivery("h", {
        id: "m",
        providerId: "stored-9",
        body,
        contentType: "text/plain",
        attributes: { tenant: "t" },
        attributeTypes: { tenant: "String.name" },
        orderingKey: "k",
        correlationId: "c",
        replyTo: "r",
        subject: "s",
      }),
      DEAD,
      options,
    );
    expect(copy).toEqual({
      id: "m",
      body,
      contentType: "text/plain",
      attributes: { tenant: "t", ...DEAD.attributes },
      attributeTypes: { tenant: "String.name" },
      deduplicationId: "stored-9",
      orderingKey: "k",
      correlationId: "c",
      replyTo: "r",
      subject: "s",
    });
  });

  test("has no field that the message had not, and the definition's content type where it had none", () => {
    const { contentType: _contentType, ...foreign } = delivery("h", { id: "m" });
    const copy = deadLetterMessage(foreign, DEAD, { ...copyBench().options, contentType: "text/x" });
    expect(Object.keys(copy).toSorted()).toEqual([
      "attributes",
      "body",
      "contentType",
      "deduplicationId",
      "id",
    ]);
    expect(copy.contentType).toBe("text/x");
  });

  test("is neither early nor expired, and the delivery stays as it was", () => {
    const attributes = { [RESERVED.due]: "1", [RESERVED.expires]: "2", a: "b" };
    const copy = deadLetterMessage(delivery("h", { attributes }), DEAD, copyBench().options);
    expect(copy.attributes).toEqual({ a: "b", ...DEAD.attributes });
    expect(Object.keys(attributes)).toHaveLength(3);
  });

  test.each([
    ["keeps its description where it just fits", 0, true],
    ["loses its description where it is a byte too large", -1, false],
    ["loses no more than that where it just fits without it", -100 - RESERVED.deadDescription.length, false],
  ])("%s", (_claim, bytesLess, isDescribed) => {
    const roomy = copyBench();
    const whole = roomy.driver.sizeOf(deadLetterMessage(delivery("h"), DEAD, roomy.options));
    const { options } = copyBench({ limits: { maxMessageBytes: whole + bytesLess } });
    const { attributes } = deadLetterMessage(delivery("h"), DEAD, options);
    expect(RESERVED.deadDescription in attributes).toBe(isDescribed);
    expect(attributes[RESERVED.deadReason]).toBe("R");
  });

  test("that never fits is refused with its size, the limit and a remedy", () => {
    const { options, driver } = copyBench({ limits: { maxMessageBytes: 10 } });
    const attributes = { [RESERVED.deadReason]: "R" };
    const sizeBytes = driver.sizeOf(deadLetterMessage(delivery("h"), { attributes }, copyBench().options));
    let refused: unknown;
    try {
      deadLetterMessage(delivery("h"), DEAD, options);
    } catch (error) {
      refused = error;
    }
    expect(refused).toMatchObject({
      code: "MESSAGE_TOO_LARGE",
      limitBytes: 10,
      sizeBytes,
      target: "fake://here/orders-dead",
      remedy: expect.stringContaining("redrive"),
    });
  });

  test("does not fit with more attributes of its own than the queue takes; the record's do not count", () => {
    const limits = { attributes: { ...FAKE_LIMITS.attributes, maxCount: 2 } };
    const { options } = copyBench({ limits });
    const two = delivery("h", { attributes: { a: "1", b: "2" } });
    expect(Object.keys(deadLetterMessage(two, DEAD, options).attributes)).toHaveLength(4);
    const three = delivery("h", { attributes: { a: "1", b: "2", c: "3" } });
    expect(() => deadLetterMessage(three, DEAD, options)).toThrow("MESSAGE_TOO_LARGE");
  });
});

describe("the route of copies", () => {
  test("resolves without an error when the copy is confirmed", async () => {
    const { driver, route: copies } = route();
    expect(await copies.send(delivery("h", { id: "m" }), DEAD)).toBeUndefined();
    expect(driver.sentIds).toEqual([["m"]]);
  });

  test("resolves with the error of its own copy, never rejects", async () => {
    const { route: copies } = route({
      script: async (messages) =>
        await Promise.resolve(
          messages.map((message) =>
            message.id === "bad" ? failed({ code: "THROTTLED", retryable: true }) : confirmed(message),
          ),
        ),
    });
    const [good, bad] = await Promise.all([
      copies.send(delivery("h", { id: "good" }), DEAD),
      copies.send(delivery("h", { id: "bad" }), DEAD),
    ]);
    expect(good).toBeUndefined();
    expect(bad).toMatchObject({ code: "THROTTLED", operation: "send" });
  });

  test("resolves with the error of a request that failed, and of a copy that does not fit", async () => {
    const { route: failing } = route({
      script: async () => await Promise.reject(new Error("cut")),
    });
    expect(await failing.send(delivery("h"), DEAD)).toMatchObject({ code: "INTERNAL", operation: "send" });
    const { driver, route: small } = route({ limits: { maxMessageBytes: 10 } });
    expect(await small.send(delivery("h"), DEAD)).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    expect(driver.calls).toEqual([]);
  });

  test("takes a request with fewer results than copies for one that failed", async () => {
    const { clock, route: copies } = route({ script: async () => await Promise.resolve([]) });
    let error: unknown;
    void copies.send(delivery("h"), DEAD).then((found) => {
      error = found;
    });
    await clock.settle();
    expect(error).toMatchObject({ code: "INTERNAL", ambiguous: true, operation: "send" });
  });

  test("waits fifteen seconds for an answer", async () => {
    const { clock, driver, route: copies } = route({ script: async () => await new Promise(() => {}) });
    let error: unknown;
    void copies.send(delivery("h"), DEAD).then((found) => {
      error = found;
    });
    await clock.advance(14_999);
    expect([error, driver.signals[0]?.aborted]).toEqual([undefined, false]);
    await clock.advance(1);
    expect(error).toMatchObject({ code: "TIMEOUT", ambiguous: true, operation: "send" });
    expect(driver.signals[0]?.aborted).toBe(true);
  });

  test("sends copies together, as many and as large as one request takes", async () => {
    const { driver, route: copies } = route({
      limits: { send: { ...FAKE_LIMITS.send, maxItems: 3, maxInFlight: 1 } },
    });
    await Promise.all(
      ["a", "b", "c", "d", "e"].map(async (id) => await copies.send(delivery("h", { id }), DEAD)),
    );
    expect(driver.sentIds).toEqual([
      ["a", "b", "c"],
      ["d", "e"],
    ]);
    const large = route({ limits: { send: { ...FAKE_LIMITS.send, maxBytes: 500, maxInFlight: 1 } } });
    await Promise.all(
      ["a", "b", "c", "d"].map(async (id) => await large.route.send(delivery("h", { id }), DEAD)),
    );
    expect(large.driver.sentIds.map((ids) => ids.length)).toEqual([3, 1]);
  });

  test.each([
    ["mixed", [["a", "b", "c"]]],
    ["uniform", [["a"], ["b"], ["c"]]],
  ] as const)("puts keys together only where a request may hold several (%s)", async (batchKey, expected) => {
    const { driver, route: copies } = route({
      capabilities: { batchKey },
      limits: { send: { ...FAKE_LIMITS.send, maxInFlight: 1 } },
    });
    await Promise.all(
      ["a", "b", "c"].map(
        async (id) => await copies.send(delivery("h", { id, orderingKey: `key-${id}` }), DEAD),
      ),
    );
    expect(driver.sentIds).toEqual(expected);
  });

  test("keeps the copies of one key in order: one request at a time", async () => {
    const answer = Promise.withResolvers<void>();
    const {
      clock,
      driver,
      route: copies,
    } = route({
      script: async (messages) => {
        await answer.promise;
        return messages.map(confirmed);
      },
    });
    const first = copies.send(delivery("h", { id: "a", orderingKey: "k" }), DEAD);
    await clock.settle();
    const second = copies.send(delivery("h", { id: "b", orderingKey: "k" }), DEAD);
    await clock.settle();
    expect(driver.sentIds).toEqual([["a"]]);
    answer.resolve();
    await Promise.all([first, second]);
    expect(driver.sentIds).toEqual([["a"], ["b"]]);
  });

  test("ends what is on its way when it closes: a flush has waited for it, and nobody does any more", async () => {
    const { clock, driver, route: copies } = route({ script: async () => await new Promise(() => {}) });
    const sent = copies.send(delivery("h"), DEAD);
    await clock.settle();
    const closed = copies.close();
    await clock.advance(1);
    await closed;
    expect(await sent).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    expect([driver.isClosed, driver.signals[0]?.aborted]).toEqual([true, true]);
  });
});
