import { CutOff } from "../src/consumer/cut-off.ts";
import { HeldDelivery } from "../src/consumer/held-delivery.ts";
import { LeaseKeeper } from "../src/consumer/lease-keeper.ts";
import { ElapsedTime } from "../src/time/elapsed-time.ts";
import { Settler } from "../src/consumer/settler.ts";
import type { ConsumerDriver, ErrorClass, ExtendItem, ItemResult, Operation } from "../src/driver/driver.ts";
import type { Outcome } from "../src/driver/event-source.ts";
import type { QueueError } from "../src/errors/queue-error.ts";
import { wrapDriverError } from "../src/errors/wrap-error.ts";
import { createVirtualClock, delivery } from "../src/testing.ts";
import { fakeAdapter, FAKE_CAPABILITIES, FAKE_LIMITS, FakeServiceError } from "./fake-adapter.ts";

export const ACK: Outcome = { kind: "ack" };
export const RELEASE: Outcome = { kind: "release", delayMs: 5_000, cause: "retry" };
export const OK: ItemResult = { ok: true, value: undefined };
export const BUSY: ErrorClass = { code: "THROTTLED", retryable: true };

export const failure = (errorClass: ErrorClass): ItemResult<never> => ({
  ok: false,
  error: new FakeServiceError(errorClass),
});

/** A settler and a lease keeper over one service, whose answers the test decides. */
export function settleBench({
  lingerMs = 0,
  leaseMs = 60_000,
  totalMs = 3_600_000,
  canExtend = true,
  /** Requests with renewals that may be under way at a time. */
  maxRenewals = FAKE_LIMITS.extend.maxInFlight,
} = {}) {
  const clock = createVirtualClock();
  const time = new ElapsedTime(clock);
  const requests: {
    readonly atMs: number;
    readonly operation: string;
    readonly items: readonly unknown[];
  }[] = [];
  const results: string[] = [];
  const errors: QueueError[] = [];
  const renewals: number[] = [];
  let renewed: Promise<unknown> = Promise.resolve();
  let refusal: ItemResult<never> | undefined;
  let answer = async (items: readonly unknown[], _signal: AbortSignal): Promise<readonly ItemResult[]> =>
    items.map(() => OK);
  const call =
    (operation: string) =>
    async (items: readonly unknown[], signal: AbortSignal): Promise<readonly ItemResult[]> => {
      requests.push({ atMs: clock.now(), operation, items });
      return await answer(items, signal);
    };
  const driver = {
    ackBatch: call("ack"),
    releaseBatch: call("release"),
    deadLetterBatch: call("dead-letter"),
    async extendBatch(items: readonly ExtendItem<unknown>[]) {
      renewals.push(clock.now());
      await renewed;
      return items.map(({ leaseMs: value }) => refusal ?? { ok: true, value: { leaseMs: value } });
    },
  } as unknown as ConsumerDriver<unknown>;
  const cutOff = new CutOff();
  const toError = (operation: Operation, error: unknown): QueueError =>
    wrapDriverError(fakeAdapter(), { name: "fake://here/orders" }, operation, error);
  const keeper: LeaseKeeper = new LeaseKeeper({
    driver,
    capabilities: { ...FAKE_CAPABILITIES, lease: canExtend ? "timed" : "none" },
    limits: { ...FAKE_LIMITS, extend: { ...FAKE_LIMITS.extend, maxInFlight: maxRenewals } },
    clock,
    time,
    leaseMs,
    totalMs,
    random: () => 0.5,
    toError,
    cutOff,
    onLost: (held, error) => settler.lose(held, error),
    onOverdue: () => undefined,
    onWake: (held) => settler.retry(held),
  });
  const settler = new Settler({
    driver,
    limits: FAKE_LIMITS,
    clock,
    time,
    keeper,
    lingerMs,
    random: () => 0.5,
    toError,
    cutOff,
    onResult: ({ delivery: { id } }, result) => {
      if ("error" in result) errors.push(result.error);
      const error = "error" in result ? ` ${result.error.code}${result.error.ambiguous ? "?" : ""}` : "";
      results.push(`${id} ${result.kind}${error}`);
    },
  });
  const track = (id: string, leftMs = leaseMs): HeldDelivery => {
    const held = new HeldDelivery(delivery<unknown>(id, { id }), undefined, 1);
    keeper.track(held, leftMs);
    return held;
  };
  const submit = (id: string, settlement: Outcome = ACK, leftMs = leaseMs): HeldDelivery => {
    const held = track(id, leftMs);
    held.settlement = settlement;
    settler.submit(held);
    return held;
  };
  return {
    clock,
    cutOff,
    settler,
    keeper,
    requests,
    results,
    errors,
    /** The times of the renewals. */
    renewals,
    track,
    submit,
    renewWhen(moment: Promise<unknown>, refused?: ItemResult<never>) {
      renewed = moment;
      refusal = refused;
    },
    answerWith(next: typeof answer) {
      answer = next;
    },
  };
}
