import { defineQueue, unchecked, type Handler } from "@anyqueue/core";
import type { VirtualClock } from "@anyqueue/core/testing";
import { assert } from "vitest";
import { functionsInvocation, type FunctionsCall, type FunctionsCallOptions } from "../../src/testing.ts";

export interface Order {
  readonly orderId: string;
}

export const orders = defineQueue<Order>("orders", { retry: { attempts: 3, delay: "0s" } });
/** Sessions by the first letter of the order id. */
export const grouped = defineQueue("orders", {
  schema: unchecked<Order>(),
  orderingKey: ({ orderId }: Order) => orderId.slice(0, 1),
  retry: { attempts: 3, delay: "0s" },
});
export const DOWN = new Error("down");

/** A handler that fails for the named orders. */
export function failing(...ids: readonly string[]): Handler<Order> {
  return ({ body }) => {
    if (ids.includes(body.orderId)) throw DOWN;
  };
}

export function callOf(
  ids: readonly string[],
  options: FunctionsCallOptions = {},
  definition: typeof orders | typeof grouped = orders,
): FunctionsCall {
  const messages = ids.map((orderId) => ({ body: { orderId }, id: orderId }));
  return functionsInvocation(definition, messages, options);
}

export async function rejection(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => assert.fail("it should have rejected"),
    (error: unknown) => error,
  );
}

/** Settles like a call that takes time, and lets time pass as fast as it can. */
export async function passing<Value>(clock: VirtualClock, work: Promise<Value>): Promise<Value> {
  let isOver = false;
  const over = work.finally(() => (isOver = true));
  over.catch(() => undefined);
  await clock.settle();
  while (!isOver && clock.nextTimerAt() !== undefined) await clock.advanceToNextTimer();
  return await over;
}

export type Action = (...given: unknown[]) => Promise<unknown>;

export function sdkInput(call: FunctionsCall): {
  readonly actions: Readonly<Record<string, Action>> & { complete: Action };
} {
  const [input] = call.args;
  const { actions } = input as { readonly actions: Record<string, Action> & { complete: Action } };
  return { actions: { ...actions } };
}

/** Replaces one action of the extension. */
export function spyOn(call: FunctionsCall, name: string, action: Action): void {
  const [input] = call.args;
  Object.assign((input as { readonly actions: object }).actions, { [name]: action });
}

export function idOf(message: unknown): string {
  return String((message as { readonly messageId: unknown }).messageId);
}
