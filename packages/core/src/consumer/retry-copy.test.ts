import { describe, expect, test } from "vitest";
import { copyBench, type CopyBenchOptions } from "../../test/copy-bench.ts";
import { failed, fakeTarget } from "../../test/fake-adapter.ts";
import type { Capabilities } from "../driver/capabilities.ts";
import { RESERVED } from "../message/attributes.ts";
import { json } from "../message/codec.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import { delivery } from "../testing.ts";
import { canCopyRetries, createRetryRoute } from "./retry-copy.ts";

/** The longest delay of the service. */
const LONGEST_MS = 60_000;

function route(options: CopyBenchOptions = {}) {
  const bench = copyBench({ capabilities: { sendDelay: { maxMs: LONGEST_MS } }, ...options });
  return { ...bench, route: createRetryRoute(bench.options) };
}

describe("a retry may be a copy", () => {
  const details: DefinitionDetails = {
    kind: "queue",
    name: "orders",
    codec: json(),
    needs: [],
    emulate: ["delay"],
    policy: {},
  };
  const capabilities = { releaseDelay: "none", sendDelay: { maxMs: 1_000 }, ordering: "none" } as const;

  test.each([
    ["of a queue that delays messages and no redeliveries, where it is allowed", {}, {}, true],
    ["not where it is not allowed", { emulate: [] }, {}, false],
    ["not on a subscription: all others would get it", { kind: "subscription" }, {}, false],
    ["not of a dead letter", { kind: "dead-letter" }, {}, false],
    ["not where redeliveries can be delayed", {}, { releaseDelay: { maxMs: 1 } }, false],
    ["not where messages cannot be delayed", {}, { sendDelay: "none" }, false],
    ["not where order would be lost", {}, { ordering: "by-key" }, false],
  ] as const)("%s", (_claim, over, able: Partial<Capabilities>, expected) => {
    const target = fakeTarget(
      { kind: "queue", name: "orders", features: [] },
      { capabilities: { ...capabilities, ...able } },
    );
    expect(canCopyRetries({ ...details, ...over }, target)).toBe(expected);
  });
});

describe("the copy of a retry", () => {
  test("is the message as it came, due later, with its attempts so far", async () => {
    const { clock, driver, route: retries } = route();
    const body = new Uint8Array([1, 2]);
    const sent = await retries.send(
      delivery("h", {
        id: "m",
        providerId: "stored-9",
        body,
        contentType: "text/plain",
        attributes: { tenant: "t", [RESERVED.attempts]: "3" },
        deliveryCount: 2,
        expiresAtMs: clock.wallNow() + 50_000,
        correlationId: "c",
        replyTo: "r",
        subject: "s",
      }),
      20_000,
    );
    expect(sent).toBeUndefined();
    expect(driver.calls).toEqual([
      [
        {
          id: "m",
          body,
          contentType: "text/plain",
          attributes: { tenant: "t", [RESERVED.attempts]: "5" },
          deduplicationId: "stored-9-5",
          deliverAtMs: clock.wallNow() + 20_000,
          ttlMs: 30_000,
          correlationId: "c",
          replyTo: "r",
          subject: "s",
        },
      ],
    ]);
  });

  test("has no field that the message had not, and the definition's content type where it had none", async () => {
    const { driver, route: retries } = route();
    const { contentType: _contentType, ...foreign } = delivery("h");
    await retries.send(foreign, 20_000);
    const [[copy] = []] = driver.calls;
    expect(Object.keys(copy ?? {}).toSorted()).toEqual([
      "attributes",
      "body",
      "contentType",
      "deduplicationId",
      "deliverAtMs",
      "id",
    ]);
    expect(copy?.contentType).toBe("application/json");
  });

  test("is made only of what does not expire before it is due", () => {
    const { clock, route: retries } = route();
    const expiring = (inMs: number) => delivery("h", { expiresAtMs: clock.wallNow() + inMs });
    expect(retries.takes(delivery("h"), 20_000)).toBe(true);
    expect(retries.takes(expiring(20_001), 20_000)).toBe(true);
    expect(retries.takes(expiring(20_000), 20_000)).toBe(false);
  });

  // What a foreign message says of its due time has no bound. An invalid date is written as that of 1970: the
  // copy would be due at once, and be copied again, for ever.
  test.each([90_000, Number.POSITIVE_INFINITY])(
    "is due after the service's longest delay where %d ms are more",
    async (delayMs) => {
      const { clock, driver, route: retries } = route();
      const expiring = delivery("h", { expiresAtMs: clock.wallNow() + LONGEST_MS + 1 });
      expect(retries.takes(expiring, delayMs)).toBe(true);
      await retries.send(expiring, delayMs);
      const [[copy] = []] = driver.calls;
      expect(copy).toMatchObject({ deliverAtMs: clock.wallNow() + LONGEST_MS, ttlMs: 1 });
    },
  );

  test.each([
    [
      "a copy that was refused",
      async () => await Promise.resolve([failed({ code: "THROTTLED", retryable: true })]),
      "THROTTLED",
    ],
    ["a request that failed", async () => await Promise.reject(new Error("cut")), "INTERNAL"],
  ] as const)("tells the error of %s, and never rejects", async (_what, script, code) => {
    const { route: retries } = route({ script });
    expect(await retries.send(delivery("h"), 1_000)).toMatchObject({ code, operation: "send" });
  });

  test("tells the error of a message that cannot even be measured", async () => {
    const { driver, route: retries } = route();
    driver.sizeOf = () => {
      throw new Error("no size");
    };
    expect(await retries.send(delivery("h"), 1_000)).toMatchObject({ code: "INTERNAL", operation: "send" });
  });

  test("is the last of its route after a close", async () => {
    const { driver, route: retries } = route();
    const sent = retries.send(delivery("h"), 1_000);
    await retries.close();
    expect(await sent).toMatchObject({ code: "TIMEOUT", ambiguous: false });
    expect(driver.isClosed).toBe(true);
  });
});
