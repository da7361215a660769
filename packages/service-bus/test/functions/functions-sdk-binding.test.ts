import { DeadLetterError, type Handler } from "@anyqueue/core";
import { systemClock } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { createHandler, type HandlerOptions } from "@anyqueue/serverless";
import { describe, expect, test, vi } from "vitest";
import { functionsEvents } from "../../src/azure-functions.ts";
import {
  callOf,
  DOWN,
  failing,
  grouped,
  idOf,
  orders,
  passing,
  rejection,
  sdkInput,
  spyOn,
  type Order,
} from "./order-calls.ts";

describe("the SDK binding", () => {
  const sdk = { binding: "sdk" } as const;

  test("settles each message for itself, and the function returns", async () => {
    const handler = createHandler(orders, functionsEvents(), ({ body }) => {
      if (body.orderId === "b") throw DOWN;
      if (body.orderId === "c") throw new DeadLetterError("no such customer");
    });
    const call = callOf(["a", "b", "c"], sdk);
    expect(await handler(...call.args)).toBeUndefined();
    expect(call.settled.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
      { id: "a", as: "completed" },
      { id: "b", as: "abandoned" },
      { id: "c", as: "dead-lettered", reason: "no such customer" },
    ]);
  });

  test("of one message too", async () => {
    const call = callOf(["a"], sdk);
    await createHandler(orders, functionsEvents(), () => {})(...call.args);
    expect(call.settled).toEqual([{ id: "a", as: "completed" }]);
    expect(call.warnings).toEqual([]);
  });

  test("hands a reason over in the way that the extension takes it", async () => {
    const taken: unknown[] = [];
    let refused = 0;
    const handler = createHandler(orders, functionsEvents(), () => {
      throw new DeadLetterError("no such customer");
    });
    for (const ids of [["a", "b"], ["c"]]) {
      const call = callOf(ids, sdk);
      spyOn(call, "deadletter", async (...[, , reason]) => {
        // By then the other messages of the call are under way.
        await Promise.resolve();
        if (typeof reason === "object") {
          taken.push(reason);
          return;
        }
        refused += 1;
        throw Object.assign(new Error("13"), {
          code: 13,
          details: "Request message serialization failure: …",
        });
      });
      await handler(...call.args);
    }
    expect(taken).toEqual(Array.from({ length: 3 }, () => ({ value: "no such customer" })));
    expect(refused).toBe(2);
  });

  test("leaves what was not started to its session, which it lets go", async () => {
    const call = callOf(["a1", "a2", "a3"], sdk, grouped);
    const released: string[] = [];
    spyOn(call, "releaseSession", async (session) => void released.push(String(session)));
    await createHandler(grouped, functionsEvents(), failing("a2"))(...call.args);
    expect(call.settled).toEqual([
      { id: "a1", as: "completed" },
      { id: "a2", as: "abandoned" },
    ]);
    expect(released).toEqual(["a"]);
  });

  test("throws if a session cannot be let go, so that the host gives the rest back", async () => {
    const call = callOf(["a1", "a2"], sdk, grouped);
    spyOn(call, "releaseSession", () => Promise.reject(Object.assign(new Error("old"), { code: 12 })));
    const error = await rejection(createHandler(grouped, functionsEvents(), failing("a1"))(...call.args));
    expect(String(error)).toContain("1 of 2 messages");
  });

  test("throws as well if the host does not answer in time whether it let a session go", async () => {
    const clock = createVirtualClock();
    const setTimer = vi.spyOn(systemClock, "setTimer").mockImplementation(clock.setTimer.bind(clock));
    const call = callOf(["a1", "a2"], sdk, grouped);
    spyOn(call, "releaseSession", async () => await new Promise(() => {}));
    const handler = createHandler(grouped, functionsEvents(), failing("a1"), { clock });
    const error = await rejection(passing(clock, handler(...call.args)));
    setTimer.mockRestore();
    expect(String(error)).toContain("1 of 2 messages");
    expect(clock.now()).toBe(5_000);
  });

  test("gives everything back by itself where the host would complete the rest", async () => {
    const call = callOf(["a1", "a2"], sdk, grouped);
    const [, { options }] = call.args;
    Object.assign(options?.trigger ?? {}, { autoCompleteMessages: true });
    await createHandler(grouped, functionsEvents(), failing("a1"))(...call.args);
    expect(call.settled.map(({ as }) => as)).toEqual(["abandoned", "abandoned"]);
    expect(call.warnings).toContainEqual(expect.stringContaining("autoCompleteMessages"));
  });

  test("throws if something could not be settled, so that the host gives it back, and reports why", async () => {
    const clock = createVirtualClock();
    const codes: string[] = [];
    const options: HandlerOptions = {
      clock,
      listener: {
        "settle-failed": ({ error }) => codes.push(error.code),
        "lease-lost": ({ error }) => codes.push(error.code),
      },
    };
    const call = callOf(["a", "b"], sdk);
    const gone = Object.assign(new Error("gone"), { code: 9, details: "LockToken 1 not found." });
    const { actions } = sdkInput(call);
    spyOn(call, "complete", async (message) => {
      if (idOf(message) === "b") throw gone;
      await actions.complete(message);
    });
    const handler = createHandler(orders, functionsEvents(), () => {}, options);
    const error = await rejection(passing(clock, handler(...call.args)));
    expect(String(error)).toContain("1 of 2 messages");
    expect(codes).toEqual(["LEASE_LOST"]);
    expect(call.settled).toEqual([{ id: "a", as: "completed" }]);
  });

  test("asks again while the host is not reached", async () => {
    const clock = createVirtualClock();
    const call = callOf(["a"], sdk);
    const { actions } = sdkInput(call);
    let tries = 0;
    spyOn(call, "complete", async (message) => {
      tries += 1;
      if (tries < 3) throw Object.assign(new Error("no connection"), { code: 14 });
      await actions.complete(message);
    });
    await passing(clock, createHandler(orders, functionsEvents(), () => {}, { clock })(...call.args));
    expect(call.settled).toEqual([{ id: "a", as: "completed" }]);
  });

  test("renews the locks of many while handlers run, and those of a session as one", async () => {
    const clock = createVirtualClock();
    const source = functionsEvents({ lockDuration: "30s" });
    const slow: Handler<Order> = async () => {
      await new Promise<void>((resolve) => void clock.setTimer(resolve, 60_000));
    };
    const call = callOf(["a", "b"], sdk);
    const renewed: string[] = [];
    spyOn(call, "renewMessageLock", async (message) => void renewed.push(idOf(message)));
    await passing(clock, createHandler(orders, source, slow, { clock })(...call.args));
    expect(renewed.filter((id) => id === "a").length).toBeGreaterThanOrEqual(3);
    expect(call.settled.map(({ as }) => as)).toEqual(["completed", "completed"]);

    const session = callOf(["a1", "a2"], sdk, grouped);
    const sessions: string[] = [];
    spyOn(session, "renewSessionLock", async (id) => (sessions.push(String(id)), new Date()));
    await passing(clock, createHandler(grouped, source, slow, { clock })(...session.args));
    expect(sessions.length).toBeGreaterThanOrEqual(6);
    expect(new Set(sessions)).toEqual(new Set(["a"]));
  });

  test("extend renews the lock of one message", async () => {
    const call = callOf(["a"], sdk);
    const renewed: string[] = [];
    spyOn(call, "renewMessageLock", async (message) => void renewed.push(idOf(message)));
    const handler = createHandler(orders, functionsEvents(), async (_message, { extend }) => {
      await extend("1m");
    });
    await handler(...call.args);
    expect(renewed).toEqual(["a"]);
  });
});
