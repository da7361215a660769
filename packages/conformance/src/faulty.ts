import type {
  ConsumerDriver,
  ConsumerDriverOptions,
  Delivery,
  ItemResult,
  Operation,
  ProducerDriver,
  QueueAdapter,
  Target,
} from "@anyqueue/core/adapter";
import { realTurn } from "./bench-time.ts";
import { InjectedFault, injected, withItemFaults, type CallDetail, type FaultPlan } from "./fault-plan.ts";

/** Wraps an adapter so that its drivers fail, wait and report as `plan` says; the rest passes through. */
export function faulty(adapter: QueueAdapter, plan: FaultPlan): QueueAdapter {
  return {
    name: adapter.name,
    resolve: (ref) => adapter.resolve(ref),
    openProducer: (target, purpose) => faultyProducer(adapter.openProducer(target, purpose), target, plan),
    openConsumer: (target, options) => openFaultyConsumer(adapter, target, options, plan),
    classify(error, during) {
      return error instanceof InjectedFault ? error.errorClass : adapter.classify(error, during);
    },
    close: () => adapter.close(),
    ...(adapter.probe === undefined
      ? {}
      : {
          probe: (target, signal) =>
            whole(
              plan,
              "probe",
              target,
              {},
              signal,
              () => adapter.probe?.(target, signal) ?? { facts: { unknown: [] } },
            ),
        }),
    ...(adapter.admin === undefined
      ? {}
      : {
          admin: () =>
            plan.record("admin", "", 0, {}, async () => {
              if (adapter.admin === undefined) throw new Error("the adapter has no admin driver");
              return await adapter.admin();
            }),
        }),
  };
}

function faultyProducer(driver: ProducerDriver, target: Target, plan: FaultPlan): ProducerDriver {
  return {
    sizeOf: (message) => driver.sizeOf(message),
    sendBatch: (messages, signal) =>
      perItem(plan, "send", target, messages, { messages }, signal, (items) =>
        driver.sendBatch(items, signal),
      ),
    close: () => driver.close(),
    ...(driver.open === undefined
      ? {}
      : {
          open: (signal) => whole(plan, "open", target, {}, signal, async () => await driver.open?.(signal)),
        }),
    ...(driver.cancelBatch === undefined
      ? {}
      : {
          cancelBatch: (tokens, signal) =>
            perItem(
              plan,
              "cancel",
              target,
              tokens,
              {},
              signal,
              async (items) => (await driver.cancelBatch?.(items, signal)) ?? [],
            ),
        }),
  };
}

function openFaultyConsumer(
  adapter: QueueAdapter,
  target: Target,
  options: ConsumerDriverOptions<unknown>,
  plan: FaultPlan,
): ConsumerDriver<unknown> {
  const driver = adapter.openConsumer(target, options);
  const forget = plan.register(options.events);
  return {
    receiveBatch: (ask, signal) => receive(driver, ask, target, plan, signal),
    ackBatch: (handles, signal) =>
      perItem(plan, "ack", target, handles, { handles }, signal, (items) => driver.ackBatch(items, signal)),
    releaseBatch: (items, signal) =>
      perItem(
        plan,
        "release",
        target,
        items,
        { releases: items, handles: items.map((item) => item.handle) },
        signal,
        (left) => driver.releaseBatch(left, signal),
      ),
    async close() {
      forget();
      await driver.close();
    },
    ...(driver.open === undefined
      ? {}
      : {
          open: (signal) => whole(plan, "open", target, {}, signal, async () => await driver.open?.(signal)),
        }),
    ...(driver.setFlow === undefined
      ? {}
      : { setFlow: async (flow, signal) => await driver.setFlow?.(flow, signal) }),
    ...optionalSettlements(driver, target, plan),
  };
}

/** A method that only some drivers have exists on the wrapper only if the driver has it (D4). */
function optionalSettlements(
  driver: ConsumerDriver<unknown>,
  target: Target,
  plan: FaultPlan,
): Pick<ConsumerDriver<unknown>, "extendBatch" | "deadLetterBatch" | "peekBatch"> {
  return {
    ...(driver.extendBatch === undefined
      ? {}
      : {
          extendBatch: (items, signal) =>
            perItem(
              plan,
              "extend",
              target,
              items,
              { handles: items.map((item) => item.handle) },
              signal,
              async (left) => (await driver.extendBatch?.(left, signal)) ?? [],
            ),
        }),
    ...(driver.deadLetterBatch === undefined
      ? {}
      : {
          deadLetterBatch: (items, signal) =>
            perItem(
              plan,
              "deadLetter",
              target,
              items,
              { handles: items.map((item) => item.handle) },
              signal,
              async (left) => (await driver.deadLetterBatch?.(left, signal)) ?? [],
            ),
        }),
    ...(driver.peekBatch === undefined
      ? {}
      : {
          peekBatch: (maxItems, signal) =>
            whole(
              plan,
              "peek",
              target,
              {},
              signal,
              async () => (await driver.peekBatch?.(maxItems, signal)) ?? [],
            ),
        }),
  };
}

/** A receive that is aborted while held resolves with what it has, as D1 requires of drivers. */
async function receive(
  driver: ConsumerDriver<unknown>,
  ask: { readonly maxItems: number; readonly waitMs: number },
  target: Target,
  plan: FaultPlan,
  signal: AbortSignal,
): Promise<readonly Delivery<unknown>[]> {
  return await plan.record("receive", target.entity, ask.maxItems, { ask }, async () => {
    const fault = plan.take("receive", target.entity);
    if (fault !== undefined) throw injected(fault);
    await plan.pass("receive", "before", signal);
    const deliveries = await driver.receiveBatch(ask, signal);
    // A driver that answers empty at once would block everything else, so that the case could not even fail.
    if (deliveries.length === 0) await realTurn();
    await plan.pass("receive", "after", signal);
    return deliveries;
  });
}

async function perItem<Item, Value>(
  plan: FaultPlan,
  operation: Operation,
  target: Target,
  items: readonly Item[],
  detail: CallDetail,
  signal: AbortSignal,
  call: (items: readonly Item[]) => Promise<readonly ItemResult<Value>[]>,
): Promise<readonly ItemResult<Value>[]> {
  return await plan.record(operation, target.entity, items.length, detail, async () => {
    const fault = plan.take(operation, target.entity);
    await plan.pass(operation, "before", signal);
    if (fault === undefined) return await answer(plan, operation, signal, await call(items));
    if (fault.items === undefined) {
      if (fault.when === "after") await call(items);
      throw injected(fault);
    }
    const failing = new Set(fault.items);
    const out = fault.when === "after" ? items : items.filter((_, index) => !failing.has(index));
    const passed = out.length === 0 ? [] : await call(out);
    return await answer(
      plan,
      operation,
      signal,
      withItemFaults({ ...fault, items: fault.items }, items.length, passed),
    );
  });
}

async function answer<T>(plan: FaultPlan, operation: Operation, signal: AbortSignal, value: T): Promise<T> {
  const passage = await plan.pass(operation, "after", signal);
  if (passage === "aborted") throw injected({ operation, code: "CANCELLED", when: "after" });
  return value;
}

async function whole<T>(
  plan: FaultPlan,
  operation: Operation,
  target: Target,
  detail: CallDetail,
  signal: AbortSignal,
  call: () => T | Promise<T>,
): Promise<T> {
  return await plan.record(operation, target.entity, 1, detail, async () => {
    const fault = plan.take(operation, target.entity);
    await plan.pass(operation, "before", signal);
    if (fault !== undefined && fault.when !== "after") throw injected(fault);
    const value = await call();
    if (fault !== undefined) throw injected(fault);
    return await answer(plan, operation, signal, value);
  });
}
