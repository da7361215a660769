import { describe, expect, test } from "vitest";
import type { Delivery } from "../driver/delivery.ts";
import type { Outcome } from "../driver/event-source.ts";
import { DeadLetterError, RetryError } from "../errors/handler-errors.ts";
import { QueueError } from "../errors/queue-error.ts";
import { RESERVED } from "../message/attributes.ts";
import { json } from "../message/codec.ts";
import type { HandlerContext, Message } from "../queue-consumer.ts";
import { delivery } from "../testing.ts";
import {
  outcomeOfFailure,
  processDelivery,
  timelinessOf,
  type Processed,
  type ProcessingRules,
} from "./process-delivery.ts";

const CONTEXT = {} as HandlerContext;
const BROKEN = { body: new TextEncoder().encode("{") };
const NOW_MS = 1_700_000_000_000;

function rules(over: Partial<ProcessingRules> = {}): ProcessingRules {
  return {
    details: { kind: "queue", name: "orders", codec: json(), needs: [], emulate: [], policy: {} },
    handle: () => undefined,
    onInvalid: "dead-letter",
    redelivery: {
      attempts: 3,
      delay: "7s",
      bounds: { minMs: 1_000, maxMs: 2_000 },
      random: () => 0.5,
      onPolicyError: () => {},
    },
    source: "orders",
    wallNow: () => NOW_MS,
    ...over,
  };
}

async function processed(
  over: Partial<ProcessingRules>,
  fields: Partial<Delivery<unknown>> = {},
): Promise<Processed> {
  const held = { delivery: delivery<unknown>("h", { id: "m", ...fields }) };
  return await new Promise((resolve) => {
    processDelivery(rules(over), held, CONTEXT, (ended, result) => {
      expect(ended).toBe(held);
      resolve(result);
    });
  });
}

/** The dead letter that was decided. */
function deathOf(outcome: Outcome): Extract<Outcome, { readonly kind: "dead-letter" }> {
  if (outcome.kind !== "dead-letter") throw new Error(`no dead letter but ${outcome.kind}`);
  return outcome;
}

function throwIt(thrown: unknown): never {
  throw thrown;
}

class Nameless extends Error {
  override get name(): string {
    throw new Error("it has none");
  }
}

describe("a delivery is", () => {
  test("handled with its message and context, and acked for any value", async () => {
    const seen: [Message<unknown>, HandlerContext][] = [];
    const result = await processed(
      { handle: async (message, context) => seen.push([message, context]) },
      { body: new TextEncoder().encode('{"a":1}') },
    );
    expect(result).toEqual({ outcome: { kind: "ack" }, error: undefined, isFailure: false });
    expect(seen).toMatchObject([[{ id: "m", body: { a: 1 } }, {}]]);
    expect(seen[0]?.[1]).toBe(CONTEXT);
  });

  test("done at once where neither its decoding nor its handler has to be waited for", () => {
    const held = { delivery: delivery<unknown>("h", { id: "m" }) };
    const ended: Processed[] = [];
    const end = (_: unknown, result: Processed): void => {
      ended.push(result);
    };
    processDelivery(rules({ handle: () => 5 }), held, CONTEXT, end);
    expect(ended).toMatchObject([{ outcome: { kind: "ack" } }]);
    processDelivery(rules({ handle: async () => 5 }), held, CONTEXT, end);
    expect(ended).toHaveLength(1);
  });

  test("waited for where the handler gives something that only looks like a promise", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- what other promise libraries give
    const thenable = { then: (_done: unknown, fail: (error: Error) => void) => fail(new Error("no")) };
    expect(await processed({ handle: () => thenable })).toMatchObject({ error: { message: "no" } });
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", async () => await Promise.reject(new Error("no"))],
  ])("retried where the handler %s", async (_how, handle) => {
    expect(await processed({ handle })).toMatchObject({
      outcome: { kind: "release", delayMs: 7_000, cause: "retry", error: { message: "no" } },
      error: { message: "no" },
      isFailure: true,
    });
  });

  test("never handled where it cannot be decoded: a dead letter with a reason of its own", async () => {
    let runs = 0;
    const result = await processed({ handle: () => (runs += 1) }, BROKEN);
    expect(result).toMatchObject({
      outcome: { kind: "dead-letter", reason: "INVALID_MESSAGE" },
      error: { code: "INVALID_MESSAGE" },
      isFailure: true,
    });
    expect(runs).toBe(0);
  });

  test("retried instead where the options say so", async () => {
    expect(await processed({ onInvalid: "retry" }, BROKEN)).toMatchObject({
      outcome: { kind: "release", delayMs: 7_000 },
      error: { code: "INVALID_MESSAGE" },
      isFailure: true,
    });
  });

  test("given raw to the application's own function, and acked when that returns", async () => {
    const seen: unknown[] = [];
    const result = await processed(
      { onInvalid: async (message, { code }) => seen.push([message.id, message.body, code]) },
      BROKEN,
    );
    expect(seen).toEqual([["m", BROKEN.body, "INVALID_MESSAGE"]]);
    expect(result).toMatchObject({ outcome: { kind: "ack" }, error: undefined, isFailure: false });
  });

  test("retried, or dead-lettered, as that function says", async () => {
    const refuse = async (): Promise<never> => await Promise.reject(new RetryError({ delay: "9s" }));
    expect(await processed({ onInvalid: refuse }, BROKEN)).toMatchObject({
      outcome: { kind: "release", delayMs: 9_000 },
      isFailure: true,
    });
    const bury = async (): Promise<never> => await Promise.reject(new DeadLetterError("odd"));
    expect(await processed({ onInvalid: bury }, BROKEN)).toMatchObject({
      outcome: { kind: "dead-letter", reason: "odd" },
    });
  });

  test("invalid also where something else than a refusal is thrown in decoding", async () => {
    const codec = {
      ...json(),
      decode: () => {
        throw new QueueError("INTERNAL", { what: "odd" });
      },
    };
    const details = { ...rules().details, codec };
    expect(await processed({ details })).toMatchObject({
      outcome: { kind: "dead-letter", reason: "INVALID_MESSAGE" },
      error: { code: "INVALID_MESSAGE", cause: { code: "INTERNAL" } },
    });
  });
});

describe("after a failure", () => {
  const failure = (error: unknown, fields: Partial<Delivery<unknown>> = {}): Outcome =>
    outcomeOfFailure(rules(), delivery<unknown>("h", fields), error);

  test("a retry waits what the policy or the error says, and carries the error", () => {
    const error = new RetryError({ delay: "9s" });
    expect(failure(error)).toEqual({ kind: "release", delayMs: 9_000, cause: "retry", error });
    expect(failure(new Error("no"))).toMatchObject({ kind: "release", delayMs: 7_000 });
  });

  test("of the last attempt it is a dead letter", () => {
    expect(failure(new Error("no"), { deliveryCount: 2 }).kind).toBe("release");
    expect(failure(new Error("no"), { deliveryCount: 3 })).toMatchObject({
      kind: "dead-letter",
      reason: "ATTEMPTS_SPENT",
      description: "Error: no",
    });
  });

  test("a dead letter says why, whence, when and after how many attempts", () => {
    const cause = new RangeError("street 0");
    const death = deathOf(
      failure(new DeadLetterError("bad address", { cause }), {
        deliveryCount: 2,
        enqueuedAtMs: 1_699_999_999_999.6,
      }),
    );
    expect(death).toEqual({
      kind: "dead-letter",
      reason: "bad address",
      description: "RangeError: street 0",
      attributes: {
        [RESERVED.deadReason]: "bad address",
        [RESERVED.deadDescription]: "RangeError: street 0",
        [RESERVED.deadSource]: "orders",
        [RESERVED.deadAttempts]: "2",
        [RESERVED.deadFirst]: "1700000000000",
        [RESERVED.deadLast]: String(NOW_MS),
        [RESERVED.deadError]: "RangeError",
      },
    });
  });

  test("a dead letter without a cause is described by itself, and says nothing of a first time it does not know", () => {
    const { description, attributes } = deathOf(failure(new DeadLetterError("bad address")));
    expect(description).toBe("DeadLetterError: bad address");
    expect(attributes).not.toHaveProperty(RESERVED.deadFirst);
  });

  test.each([
    ["nothing", "", "UNSPECIFIED"],
    ["256 bytes", "x".repeat(256), "x".repeat(256)],
    ["257 bytes", "x".repeat(257), "x".repeat(256)],
    ["a character across the limit", `${"x".repeat(255)}ü`, "x".repeat(255)],
    ["a character of its own that looks cut, where nothing was", "odd \uFFFD", "odd \uFFFD"],
  ])("a reason of %s is cut to what services take", (_what, given, reason) => {
    const death = deathOf(failure(new DeadLetterError(given)));
    expect([death.reason, death.attributes[RESERVED.deadReason]]).toEqual([reason, reason]);
  });

  test("what cannot even be looked at counts as any other failure", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const touched = (): never => throwIt(untouchable);
    const untouchable: object = new Proxy({}, { has: touched, get: touched, getPrototypeOf: touched });
    const thrown = [proxy, new Nameless(), untouchable];
    const handlers = thrown.flatMap((each) => [async () => throwIt(each), () => throwIt(each)]);
    for (const handle of handlers) {
      // oxlint-disable-next-line no-await-in-loop
      const { outcome, isFailure } = await processed({ handle }, { deliveryCount: 3 });
      expect([isFailure, deathOf(outcome).reason]).toEqual([true, "ATTEMPTS_SPENT"]);
    }
    const given = new DeadLetterError("OUT_OF_STOCK", { cause: proxy });
    expect(deathOf(outcomeOfFailure(rules(), delivery("h"), given)).reason).toBe("OUT_OF_STOCK");
  });

  test("a description has 1,024 bytes at most", () => {
    const { description = "" } = deathOf(failure(new DeadLetterError("R", { cause: "y".repeat(2_000) })));
    expect(description).toBe("y".repeat(1_024));
  });

  test.each([
    ["a text", "plain", "plain", "string"],
    ["a number", 404, "404", "number"],
    ["null", null, "DeadLetterError: R", "DeadLetterError"],
    ["an object without a text", Object.create(null), "object", "object"],
    ["an error without a name", Object.assign(new Error("no"), { name: 7 }), "7: no", "object"],
  ])("a cause that is %s is told as well as it can be", (_what, cause, description, name) => {
    const death = deathOf(failure(new DeadLetterError("R", { cause })));
    expect([death.description, death.attributes[RESERVED.deadError]]).toEqual([description, name]);
  });
});

describe("the time of a delivery", () => {
  const at = (attributes: Record<string, string>) =>
    timelinessOf(delivery<unknown>("h", { attributes }), () => NOW_MS);

  test.each([
    [0, "expired"],
    [1, 0],
  ])("expires %i ms from now: %o", (inMs, expected) => {
    expect(at({ [RESERVED.expires]: String(NOW_MS + inMs) })).toBe(expected);
  });

  test.each([
    [0, 0],
    [1, 1],
  ])("comes %i ms from now: %o", (inMs, expected) => {
    expect(at({ [RESERVED.due]: String(NOW_MS + inMs) })).toBe(expected);
  });

  test.each(["", " ", "soon", "5 minutes", "12e"])(
    "is none where the attribute is %j, which is no time",
    (text) => {
      expect(at({ [RESERVED.expires]: text })).toBe(0);
      expect(at({ [RESERVED.due]: text })).toBe(0);
    },
  );

  test("is not asked for where it does not matter", () => {
    const timeliness = timelinessOf(delivery<unknown>("h"), () => {
      throw new Error("nobody asked");
    });
    expect(timeliness).toBe(0);
  });
});
