import { describe, expect, test } from "vitest";
import { createAdmin } from "../src/client/admin.ts";
import type { Delivery } from "../src/driver/delivery.ts";
import { defineQueue } from "../src/message/queue-definition.ts";
import { createEventSink } from "../src/telemetry/channels.ts";
import { createVirtualClock } from "../src/time/virtual-clock.ts";
import { deliveryOf } from "./admin-bench.ts";
import { errorOf } from "./consumer-bench.ts";
import { FakeService, type FakeServiceOptions } from "./fake-provider.ts";

const orders = defineQueue("orders");
const never = async (): Promise<never> => await new Promise(() => {});

/** A redrive of `count` messages on a virtual clock; `ms` is how long it may take to give up, or to heed `stop`. */
async function redriven(
  options: FakeServiceOptions,
  ms: number,
  { stop, count = 1, filter }: { stop?: AbortController; count?: number; filter?: () => boolean } = {},
) {
  const clock = createVirtualClock();
  const service = new FakeService({ capabilities: {}, ...options });
  for (let index = 0; index < count; index += 1) service.put("orders-dead", { id: "m" });
  const directory = service.directory({}, clock);
  const admin = createAdmin(directory, new AbortController().signal, () => {}, createEventSink([]));
  const all = async (): Promise<void> => {
    for await (const _ of admin.redrive(orders, { signal: stop?.signal, filter })) continue;
  };
  let error: unknown;
  const ended = errorOf(all()).then((thrown) => (error = thrown ?? "ended"));
  await clock.settle();
  stop?.abort(new Error("enough"));
  await clock.advance(ms);
  void ended;
  return { error, service, clock };
}

describe("a redrive over a driver that hangs", () => {
  test.each([
    ["to open the source", { hangs: "producer orders" }, 6_000],
    ["to open the dead letters", { hangs: "consumer orders-dead" }, 6_000],
    ["to receive", { consumer: { receiveBatch: never } }, 40_000],
    ["to send", { producer: { sendBatch: never } }, 20_000],
  ] satisfies readonly (readonly [string, FakeServiceOptions, number])[])(
    "%s ends",
    async (_what, options, ms) => {
      const { error, service } = await redriven(options, ms);
      expect(error).toMatchObject({ code: "TIMEOUT" });
      expect(service.messages("orders-dead").every(({ isHeld }) => !isHeld)).toBe(true);
    },
  );

  test.each([
    ["to load the administration", { hangs: "admin" }],
    ["to open the source", { hangs: "producer orders" }],
    ["to open the dead letters", { hangs: "consumer orders-dead" }],
    ["to count", { admin: { inspect: never } }],
    ["to receive", { consumer: { receiveBatch: never } }],
    ["to send", { producer: { sendBatch: never } }],
  ] satisfies readonly (readonly [string, FakeServiceOptions])[])(
    "%s ends when it is aborted",
    async (_what, options) => {
      const { error, service } = await redriven(options, 1_000, { stop: new AbortController() });
      expect(error).toMatchObject({ code: "CANCELLED", cause: new Error("enough") });
      expect(service.messages("orders-dead").every(({ isHeld }) => !isHeld)).toBe(true);
    },
  );

  test("to count goes on without the count", async () => {
    const { error, service } = await redriven({ admin: { inspect: never } }, 60_000);
    expect(error).toBe("ended");
    expect(service.ids("orders")).toEqual(["m"]);
  });

  test("to give back is not asked for more: all comes again when its lease ends", async () => {
    const many = { count: 100, filter: () => false };
    const { error } = await redriven({ consumer: { releaseBatch: never } }, 40_000, many);
    expect(error).toBe("ended");
  });

  test("gives back what a late receive brings", async () => {
    const late = Promise.withResolvers<readonly Delivery<string>[]>();
    const { service, clock } = await redriven({ consumer: { receiveBatch: () => late.promise } }, 40_000);
    late.resolve([deliveryOf("late")]);
    await clock.settle();
    expect(service.log.filter((line) => line.startsWith("release"))).toEqual(["release orders-dead late"]);
  });

  test("refuses what is no delivery", async () => {
    const { error } = await redriven({ consumer: { receiveBatch: async () => [{} as Delivery<string>] } }, 0);
    expect(error).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("broke rule D5") });
  });
});
