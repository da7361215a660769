import { systemClock } from "@anyqueue/core/adapter";
import { methodOf, replaceMethod } from "./inner-methods.ts";
import { DRAIN_TIMEOUT_MS } from "./service-bus-limits.ts";

const DRAINED = "receiver_drained";
const CLOSED = "receiver_close";

/**
 * Gives the service time to answer a drain. The SDK closes a link whose drain has no answer within 200 ms (7.9.5), which on
 * a far network is every drain: messages that are on their way then come to nobody, and stay locked for as long as a lock
 * lasts. Here such a close waits, and is none if the answer comes.
 *
 * @param link of the SDK; found by its inner names, and left as it is where those are gone
 * @param over aborts when its connection is gone
 */
export function drainPatiently(link: object, over: AbortSignal): void {
  const drain = methodOf(link, "drainCredit");
  const close = methodOf(link, "close");
  if (drain === undefined || close === undefined) return;
  let answer: Promise<boolean> | undefined;
  replaceMethod(link, "drainCredit", (...args) => {
    answer = drained(link, over).finally(() => {
      answer = undefined;
    });
    return drain.apply(link, args);
  });
  // Everybody else who closes a link has waited for its drain.
  replaceMethod(link, "close", async (...args) => {
    if ((await answer) !== true) await close.apply(link, args);
  });
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
