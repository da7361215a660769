import { expect, test } from "vitest";
import type { EntityCounts } from "../src/driver/admin-driver.ts";
import type { OutgoingMessage } from "../src/driver/delivery.ts";
import type { ReceiveAsk } from "../src/driver/driver.ts";
import { defineQueue } from "../src/message/queue-definition.ts";
import { adminBench, deliveryOf, movedBy } from "./admin-bench.ts";
import { errorOf } from "./consumer-bench.ts";
import { FAKE_LIMITS, FakeServiceError } from "./fake-adapter.ts";
import type { FakeService, FakeServiceOptions } from "./fake-provider.ts";

const orders = defineQueue("orders");
const OPERATION = { maxItems: 10, maxInFlight: 8 };
const LIMITS = {
  send: { ...FAKE_LIMITS.send, maxInFlight: 4 },
  receive: { ...FAKE_LIMITS.receive, parallel: 16 },
  ack: OPERATION,
};

function dead(options: FakeServiceOptions = {}, count = 200, keyOf?: (index: number) => string) {
  const made = adminBench({ limits: LIMITS, ...options });
  for (let index = 0; index < count; index += 1)
    made.service.put("orders-dead", { id: `m${index}`, ...(keyOf && { orderingKey: keyOf(index) }) });
  return made;
}

/** Counts calls that are under way at the same time. */
function meter() {
  let running = 0;
  const meter = {
    most: 0,
    async run<T>(result: T): Promise<T> {
      running += 1;
      meter.most = Math.max(meter.most, running);
      for (let turns = 5; turns > 0; turns -= 1) await Promise.resolve();
      running -= 1;
      return result;
    },
  };
  return meter;
}

function isAllGivenBack(service: FakeService): boolean {
  return service.messages("orders-dead").every(({ isHeld }) => !isHeld);
}

test.each<[string, ((index: number) => string) | undefined]>([
  ["without keys", undefined],
  ["with keys of three messages, which fill no request", (index) => `k${Math.floor(index / 3)}`],
])(
  "after a first request, several are under way, as many as the provider takes: %s",
  async (_what, keyOf) => {
    const sends = meter();
    const sendBatch = async (messages: readonly OutgoingMessage[]): Promise<readonly (typeof OK)[]> =>
      await sends.run(messages.map(() => OK));
    const { admin, service } = dead({ producer: { sendBatch } }, 200, keyOf);
    const progress = await movedBy(admin, orders);
    expect(sends.most).toBe(4);
    expect(progress[0]).toBe(10);
    expect(progress.length).toBeLessThan(12);
    expect(progress.at(-1)).toBe(200);
    expect(service.ids("orders-dead")).toEqual([]);
  },
);

test("max is exact although several requests are under way", async () => {
  const { admin, service } = dead();
  expect((await movedBy(admin, orders, { max: 47 })).at(-1)).toBe(47);
  expect(service.ids("orders")).toHaveLength(47);
  expect(isAllGivenBack(service)).toBe(true);
});

test("while the caller looks at the count nothing is under way: whoever leaves has an exact one", async () => {
  const { admin, service } = dead();
  let moved = 0;
  for await (const progress of admin.redrive(orders)) {
    ({ moved } = progress);
    if (moved > 10) break;
  }
  expect(service.ids("orders")).toHaveLength(moved);
  expect(service.ids("orders-dead")).toHaveLength(200 - moved);
  expect(isAllGivenBack(service)).toBe(true);
});

test("nothing of a key goes behind a request with it that failed; other keys go on", async () => {
  const limits = { ...LIMITS, send: { ...LIMITS.send, maxItems: 2 } };
  const { admin, service } = dead({ limits, refusedId: "m4" }, 10, (index) => (index % 2 === 0 ? "x" : "y"));
  expect(await errorOf(movedBy(admin, orders))).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
  expect(service.ids("orders")).toEqual(["m0", "m2", "m1", "m3", "m6", "m5", "m7"]);
  expect(service.ids("orders-dead")).toEqual(["m4", "m8", "m9"]);
  expect(isAllGivenBack(service)).toBe(true);
});

test("a request without an answer keeps its originals; those beside it are moved", async () => {
  const sendBatch = async (messages: readonly OutgoingMessage[]): Promise<readonly (typeof OK)[]> => {
    if (messages.some(({ id }) => id === "m15")) throw LOST;
    return messages.map(() => OK);
  };
  const { admin, service } = dead({ producer: { sendBatch } });
  expect(await errorOf(movedBy(admin, orders))).toMatchObject({ code: "TIMEOUT", ambiguous: true });
  const left = service.ids("orders-dead");
  expect(left).toEqual(expect.arrayContaining(["m10", "m15", "m19"]));
  expect(left).toHaveLength(180);
  expect(isAllGivenBack(service)).toBe(true);
});

test("what the other asks brought is given back if one fails", async () => {
  const taken: string[] = [];
  let asks = 0;
  const { admin } = dead({
    consumer: {
      receiveBatch: async ({ maxItems, waitMs }) => {
        if ((asks += 1) > 5) return [];
        if (waitMs === 0) throw new FakeServiceError({ code: "ACCESS_DENIED", retryable: false });
        const ids = Array.from({ length: maxItems }, () => `p-${taken.length}-${crypto.randomUUID()}`);
        taken.push(...ids);
        return ids.map((id) => deliveryOf(id));
      },
      ackBatch: async (handles) => {
        for (const handle of handles) taken.splice(taken.indexOf(handle), 1);
        return handles.map(() => ({ ok: true, value: undefined }));
      },
      releaseBatch: async (items) => {
        for (const { handle } of items) taken.splice(taken.indexOf(handle), 1);
        return items.map(() => ({ ok: true, value: undefined }));
      },
    },
  });
  expect(await errorOf(movedBy(admin, orders))).toMatchObject({ code: "ACCESS_DENIED" });
  expect(taken).toEqual([]);
});

test("what two asks bring at the same time is moved once", async () => {
  const first = Array.from({ length: 10 }, (_, index) => deliveryOf(`a${index}`));
  const answers = [first, [deliveryOf("b")], [deliveryOf("b")]];
  const { admin, service } = dead({
    consumer: {
      receiveBatch: async () => answers.shift() ?? [],
    },
  });
  expect((await movedBy(admin, orders)).at(-1)).toBe(11);
  expect(service.ids("orders").filter((id) => id === "b")).toHaveLength(1);
});

test.each<[string, Omit<EntityCounts, "approximate">, readonly number[]]>([
  ["that nothing is left waits half as long", { ready: 0, inFlight: 0, delayed: 0 }, [1_000, 0]],
  ["that one is there waits on", { ready: 1, inFlight: 0, delayed: 0 }, [1_000, 1_000]],
  ["that somebody has one in hand waits on", { ready: 0, inFlight: 1, delayed: 0 }, [1_000, 1_000]],
  ["that one is not due yet waits on", { ready: 0, inFlight: 0, delayed: 1 }, [1_000, 1_000]],
  ["nothing waits on", {}, [1_000, 1_000]],
])("at its end, an estimate %s", async (_what, counts, waits) => {
  const asks: ReceiveAsk[] = [];
  const { admin } = dead({
    admin: { inspect: async () => ({ ...counts, approximate: true }) },
    consumer: {
      receiveBatch: async (ask) => {
        asks.push(ask);
        return [];
      },
    },
  });
  expect(await movedBy(admin, orders)).toEqual([]);
  expect(asks.map(({ waitMs }) => waitMs)).toEqual(waits);
});

const OK = { ok: true, value: {} } as const;
const LOST = new FakeServiceError({ code: "TIMEOUT", retryable: true, ambiguous: true });
