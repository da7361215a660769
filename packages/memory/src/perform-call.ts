import {
  durationToMs,
  queueError,
  type Clock,
  type ItemResult,
  type QueueError,
} from "@anyqueue/core/adapter";
import type { FaultEffect, FaultOperation, FaultPlan } from "./fault-plan.ts";
import { cancelled } from "./memory-errors.ts";

/** One call of a driver. */
export interface Call {
  readonly operation: FaultOperation;
  /** Name of the entity, for the fault plan. */
  readonly queue: string;
  /** Name of the target, for errors. */
  readonly target: string;
  readonly signal: AbortSignal;
}

/**
 * Runs one call over its items, unless the fault plan says otherwise; results are aligned (D2). When the call
 * takes effect, `begin` is called once: it reads the time and returns what is done to each item.
 */
export async function performCall<Item, Value>(
  call: Call,
  items: readonly Item[],
  begin: () => (item: Item) => ItemResult<Value>,
  runtime: { readonly clock: Clock; readonly faults: FaultPlan | undefined },
): Promise<readonly ItemResult<Value>[]> {
  if (call.signal.aborted) throw cancelled(call.target, call.operation, call.signal.reason, false);
  const { faults, clock } = runtime;
  if (faults === undefined) return applyAll(items, begin());
  const effects = faults.next({ operation: call.operation, queue: call.queue, items: items.length });
  await waitFor(effects, call, clock);
  const failure = effects.find((effect) => "fail" in effect);
  if (failure === undefined) return applyAll(items, begin());
  const error = plannedError(failure, call);
  if (failure.items === undefined) {
    if (failure.applied === true) applyAll(items, begin());
    throw error;
  }
  const apply = begin();
  const failing = new Set(failure.items);
  return items.map((item, index) => {
    if (!failing.has(index)) return apply(item);
    if (failure.applied === true) apply(item);
    return { ok: false, error };
  });
}

function applyAll<Item, Value>(
  items: readonly Item[],
  apply: (item: Item) => ItemResult<Value>,
): readonly ItemResult<Value>[] {
  return items.map((item) => apply(item));
}

/** Waits as long as the plan says. @throws CANCELLED if the call is aborted first; nothing was applied */
export async function waitFor(effects: readonly FaultEffect[], call: Call, clock: Clock): Promise<void> {
  for (const effect of effects) {
    if ("wait" in effect) await pause(durationToMs(effect.wait), call, clock);
  }
}

export function plannedError(
  effect: Extract<FaultEffect, { readonly fail: unknown }>,
  call: Call,
): QueueError {
  return queueError(effect.fail, {
    what: `the fault plan fails this ${call.operation}`,
    provider: "memory",
    target: call.target,
    operation: call.operation,
    ambiguous: effect.applied === true,
    retryAfterMs: effect.retryAfter === undefined ? undefined : durationToMs(effect.retryAfter),
  });
}

async function pause(delayMs: number, call: Call, clock: Clock): Promise<void> {
  const { signal } = call;
  await new Promise<void>((resolve, reject) => {
    const timer = clock.setTimer(
      () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      },
      delayMs,
      true, // as the socket of a request would
    );
    signal.addEventListener("abort", onAbort, { once: true });

    function onAbort(): void {
      timer.cancel();
      reject(cancelled(call.target, call.operation, signal.reason, false));
    }
  });
}
