import { defineQueue, unchecked } from "@anyqueue/core";
import { createVirtualClock } from "@anyqueue/core/testing";
import { createHandler } from "@anyqueue/serverless";
import { assert, describe, expect, test } from "vitest";
import { pushRequests, type PubsubCalls } from "../../src/push.ts";
import { pushRequest } from "../../src/testing.ts";
import { TRUSTED, type Order } from "./push-bench.ts";

const keyed = defineQueue("keyed", {
  schema: unchecked<Order>(),
  orderingKey: ({ orderId }: Order) => orderId.slice(0, 1),
});

describe("order", () => {
  test("is kept for the pushes of a key that overlap; other keys do not wait", async () => {
    const gates = new Map(["a1", "a2", "b1"].map((id) => [id, Promise.withResolvers<void>()]));
    const begun: string[] = [];
    const changed = { wake: Promise.withResolvers<void>() };
    const push = createHandler(keyed, pushRequests(TRUSTED), async ({ body }) => {
      begun.push(body.orderId);
      changed.wake.resolve();
      changed.wake = Promise.withResolvers();
      await gates.get(body.orderId)?.promise;
    });
    const call = (orderId: string): Promise<Response> => push(pushRequest(keyed, { body: { orderId } }));
    const until = async (count: number): Promise<void> => {
      while (begun.length < count) await changed.wake.promise;
    };
    const first = call("a1");
    await until(1);
    const second = call("a2");
    const other = call("b1");
    await until(2);
    expect(begun).toEqual(["a1", "b1"]);
    gates.get("a1")?.resolve();
    await until(3);
    expect(begun).toEqual(["a1", "b1", "a2"]);
    for (const gate of gates.values()) gate.resolve();
    expect((await Promise.all([first, second, other])).map(({ status }) => status)).toEqual([204, 204, 204]);
  });

  test("that cannot be kept in time is a refusal, and the next one waits for the same predecessor", async () => {
    const clock = createVirtualClock();
    const gate = Promise.withResolvers<void>();
    const begun: string[] = [];
    const push = createHandler(
      keyed,
      pushRequests({ trustPlatform: true, clock }),
      async ({ body }) => {
        begun.push(body.orderId);
        if (body.orderId === "a1") await gate.promise;
      },
      { clock: createVirtualClock() },
    );
    const first = push(pushRequest(keyed, { body: { orderId: "a1" } }));
    const second = push(pushRequest(keyed, { body: { orderId: "a2" } }));
    await clock.advance("9s");
    expect((await second).status).toBe(429);
    const third = push(pushRequest(keyed, { body: { orderId: "a3" } }));
    await clock.advance("1s");
    gate.resolve();
    expect([(await first).status, (await third).status]).toEqual([204, 204]);
    expect(begun).toEqual(["a1", "a3"]);
  });

  test("is not held up by a push that was refused before its turn", async () => {
    let isBroken = true;
    const calls: PubsubCalls = {
      of: () => {
        if (isBroken) throw new Error("no such project");
        return { adapter: { name: "pubsub", classify: () => assert.fail() }, settle: {} };
      },
    };
    const push = createHandler(keyed, pushRequests({ ...TRUSTED, calls }), () => {});
    const call = async (): Promise<number> =>
      (await push(pushRequest(keyed, { body: { orderId: "a1" } }))).status;
    expect(await call()).toBe(500);
    isBroken = false;
    expect(await call()).toBe(204);
  });
});
