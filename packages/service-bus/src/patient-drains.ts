import { systemClock } from "@anyqueue/core/adapter";
import { methodOf, replaceMethod } from "./inner-methods.ts";
import { DRAIN_TIMEOUT_MS } from "./service-bus-limits.ts";

const DRAINED = "receiver_drained";
const CLOSED = "receiver_close";

/** When the SDK gives a drain up, less what its timer may be early. */
const SDK_PATIENCE_MS = 199;

/** A drain that has no answer yet. */
interface Drain {
  readonly answer: Promise<boolean>;
  readonly sinceMs: number;
  /** The SDK has given it up, which it does once. */
  isGivenUp: boolean;
}

/**
 * Gives the service time to answer a drain. The SDK closes a link whose drain has no answer within 200 ms (7.9.5), which on
 * a far network is every drain: messages that are on their way then come to nobody, and stay locked for as long as a lock
 * lasts. Here such a close waits, and is none if the answer comes; whatever else closes the link does (docs/decisions/0055).
 *
 * @param link of the SDK; found by its inner names, and left as it is where those are gone
 * @param over aborts when its connection is gone
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

/** The first close after the SDK's time is that of its timer. */
function isGivingUp({ isGivenUp, sinceMs }: Drain): boolean {
  return !isGivenUp && systemClock.now() - sinceMs >= SDK_PATIENCE_MS;
}

/** False: it will not come. */
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
    const timer = systemClock.setTimer(fail, DRAIN_TIMEOUT_MS);
    on.call(link, DRAINED, succeed);
    on.call(link, CLOSED, fail);
    over.addEventListener("abort", fail);
  });
}
