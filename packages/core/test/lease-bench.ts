import type { Capabilities } from "../src/driver/capabilities.ts";
import type { Delivery } from "../src/driver/delivery.ts";
import type { ConsumerDriver, ErrorClass, ExtendItem, ItemResult } from "../src/driver/driver.ts";
import type { OperationLimits } from "../src/driver/limits.ts";
import type { QueueError } from "../src/errors/queue-error.ts";
import { wrapDriverError } from "../src/errors/wrap-error.ts";
import { CutOff } from "../src/consumer/cut-off.ts";
import { HeldDelivery } from "../src/consumer/held-delivery.ts";
import { LeaseKeeper } from "../src/consumer/lease-keeper.ts";
import { ElapsedTime } from "../src/time/elapsed-time.ts";
import { createVirtualClock, delivery } from "../src/testing.ts";
import { fakeAdapter, FAKE_CAPABILITIES, FAKE_LIMITS, FakeServiceError } from "./fake-adapter.ts";

interface BenchOptions {
  readonly leaseMs?: number;
  readonly totalMs?: number;
  readonly serviceTotalMs?: number;
  readonly random?: number;
  readonly lease?: Capabilities["lease"];
  readonly extend?: OperationLimits;
}

export type Extended = ItemResult<{ readonly leaseMs: number }>;

/** A lease keeper whose service renews every lease, until the test changes its answer. */
export function leaseBench({
  leaseMs = 60_000,
  totalMs = 3_600_000,
  random = 0.5,
  ...rest
}: BenchOptions = {}) {
  const clock = createVirtualClock();
  const time = new ElapsedTime(clock);
  const requests: { readonly atMs: number; readonly items: readonly string[] }[] = [];
  const lost: string[] = [];
  const overdue: string[] = [];
  const woken: string[] = [];
  const hooks: {
    onLost?: (held: HeldDelivery, error: QueueError) => void;
    onWake?: (held: HeldDelivery) => void;
  } = {};
  let answer = async (items: readonly ExtendItem<unknown>[]): Promise<readonly Extended[]> =>
    items.map((item) => ({ ok: true, value: { leaseMs: item.leaseMs } }));
  const driver = {
    async extendBatch(items: readonly ExtendItem<unknown>[]) {
      requests.push({
        atMs: clock.now(),
        items: items.map((item) => `${String(item.handle)} ${item.leaseMs}`),
      });
      return await answer(items);
    },
  } as unknown as ConsumerDriver<unknown>;
  const keeper = new LeaseKeeper({
    driver,
    capabilities: { ...FAKE_CAPABILITIES, lease: rest.lease ?? "timed" },
    limits: {
      ...FAKE_LIMITS,
      extend: rest.extend ?? FAKE_LIMITS.extend,
      lease: { ...FAKE_LIMITS.lease, totalMs: rest.serviceTotalMs ?? FAKE_LIMITS.lease.totalMs },
    },
    clock,
    time,
    leaseMs,
    totalMs,
    random: () => random,
    cutOff: new CutOff(),
    toError: (operation, error) =>
      wrapDriverError(fakeAdapter(), { name: "fake://here/orders" }, operation, error),
    onLost: (held, error) => {
      lost.push(`${held.delivery.id} ${error.code}`);
      hooks.onLost?.(held, error);
    },
    onOverdue: (held) => overdue.push(held.delivery.id),
    onWake: (held) => {
      woken.push(held.delivery.id);
      hooks.onWake?.(held);
    },
  });
  const track = (id: string, over: Partial<Delivery<unknown>> = {}, leftMs: number | undefined = leaseMs) => {
    const held = new HeldDelivery(delivery<unknown>(id, { id, ...over }), undefined, 1);
    keeper.track(held, leftMs);
    return held;
  };
  return {
    clock,
    keeper,
    requests,
    lost,
    overdue,
    woken,
    track,
    /** Called after the event is recorded. */
    hooks,
    answerWith(next: typeof answer) {
      answer = next;
    },
  };
}

export const failure = (errorClass: ErrorClass): Extended => ({
  ok: false,
  error: new FakeServiceError(errorClass),
});
