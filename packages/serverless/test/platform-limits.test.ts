import { DeadLetterError, RetryError } from "@anyqueue/core";
import { describe, expect, test } from "vitest";
import { eventBench, eventually, kinds, orderDelivery } from "./event-bench.ts";

const AT_ONCE = { releaseDelay: "none" } as const;

describe("on a platform that gives a released message back at once", () => {
  test("a delay is waited for in the call, and the other messages are not held up by it", async () => {
    const ended: string[] = [];
    const { call, clock } = eventBench(
      ({ id }) => {
        ended.push(id);
        if (id === "a") throw new RetryError({ delay: "20s" });
      },
      { batch: AT_ONCE },
    );
    const startedAtMs = clock.now();
    const outcomes = await eventually(clock, call({ deliveries: ["a", "b"].map((id) => orderDelivery(id)) }));
    expect(outcomes).toMatchObject([{ kind: "release", delayMs: 0, cause: "retry" }, { kind: "ack" }]);
    expect(ended).toEqual(["a", "b"]);
    expect(clock.now() - startedAtMs).toBe(20_000);
  });

  test("a wait ends with the time of the call", async () => {
    const { call, clock } = eventBench(() => Promise.reject(new RetryError({ delay: "50s" })), {
      batch: AT_ONCE,
    });
    const startedAtMs = clock.now();
    const outcomes = await eventually(clock, call({ deliveries: [orderDelivery("a")], timeoutMs: 10_000 }));
    expect(kinds(outcomes)).toEqual(["release"]);
    expect(clock.now() - startedAtMs).toBe(9_000);
  });

  test("what only the queue's own policy can move is not waited for", async () => {
    const { call, clock, emitted } = eventBench(() => Promise.reject(new DeadLetterError("no customer")), {
      batch: AT_ONCE,
    });
    const startedAtMs = clock.now();
    expect(kinds(await call({ deliveries: [orderDelivery("a")] }))).toEqual(["release"]);
    expect(clock.now()).toBe(startedAtMs);
    expect(emitted.map(({ name }) => name)).toContain("dead-letter-failed");
  });

  test("a fixed delay of more than a minute is refused", async () => {
    const { call } = eventBench(() => undefined, {
      batch: AT_ONCE,
      options: { retry: { attempts: 3, delay: "2m" } },
    });
    await expect(call({ deliveries: [orderDelivery("a")] })).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});

test("what a platform cannot do is told once for each function", async () => {
  const told: unknown[] = [];
  const { call } = eventBench(() => undefined, {
    batch: { notices: ["it cannot fly", "it cannot sing"] },
    options: { listener: { notice: ({ text }) => told.push(text) } },
  });
  await call({ deliveries: [orderDelivery("a")] });
  await call({ deliveries: [orderDelivery("b")] });
  expect(told).toEqual(["it cannot fly", "it cannot sing"]);
});
