import { setTimeLimit, systemClock } from "@anyqueue/core/adapter";
import { methodOf, replaceMethod } from "./inner-methods.ts";
import { DRAIN_TIMEOUT_MS } from "./service-bus-limits.ts";

const DRAINED = "receiver_drained";
const CLOSED = "receiver_close";

/** When the SDK gives up a drain, less the time by which its timer may be early. */
const SDK_PATIENCE_MS = 199;

/** A drain that has no answer yet. */
interface Drain {
  readonly answer: Promise<boolean>;
  readonly sinceMs: number;
  /** True once the SDK has given it up, which it does only once. */
  isGivenUp: boolean;
}

/**
 * Gives the service time to answer a drain. The SDK closes a link whose drain has no answer within 200 ms
 * (7.9.5). On a far network that is every drain: messages on their way then reach nobody, and stay locked
 * until their locks end. Here such a close waits, and is dropped if the answer comes. Any other close works
 * as before (docs/decisions/0055).
 *
 * @param link the SDK's; unchanged if the SDK's inner names are gone
 * @param over aborts when the connection is gone
 */
export function drainPatiently(link: object, over: AbortSignal): void {
  const drain = methodOf(link, "drainCredit");
  const close = methodOf(link, "close");
  if (drain === undefined || close === undefined) return;
  let current: Drain | undefined;
  replaceMethod(link, "drainCredit", (...args) => {
    const answer = drained(link, over).finally(() => {
      current = undefined;
    });
    current = { answer, sinceMs: systemClock.now(), isGivenUp: false };
    return drain.apply(link, args);
  });
  replaceMethod(link, "close", async (...args) => {
    if (current !== undefined && isGivingUp(current)) {
      current.isGivenUp = true;
      if (await current.answer) return;
    }
    await close.apply(link, args);
  });
}

/** The first close after the SDK's time limit comes from its timer. */
function isGivingUp({ isGivenUp, sinceMs }: Drain): boolean {
  return !isGivenUp && systemClock.now() - sinceMs >= SDK_PATIENCE_MS;
}

/** Resolves with false if the answer will not come. */
async function drained(link: object, over: AbortSignal): Promise<boolean> {
  const on = methodOf(link, "on");
  const off = methodOf(link, "removeListener");
  if (on === undefined || off === undefined || over.aborted) return false;
  return await new Promise((resolve) => {
    const settle = (isDrained: boolean): void => {
      timer.cancel();
      off.call(link, DRAINED, succeed);
      off.call(link, CLOSED, fail);
      over.removeEventListener("abort", fail);
      resolve(isDrained);
    };
    const succeed = (): void => settle(true);
    const fail = (): void => settle(false);
    const timer = setTimeLimit(systemClock, fail, DRAIN_TIMEOUT_MS);
    on.call(link, DRAINED, succeed);
    on.call(link, CLOSED, fail);
    over.addEventListener("abort", fail);
  });
}
