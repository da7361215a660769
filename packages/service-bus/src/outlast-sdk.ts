import { setTimeLimit, systemClock } from "@anyqueue/core/adapter";
import { field } from "./field.ts";
import { methodOf, replaceMethod } from "./inner-methods.ts";
import { OUTER_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from "./service-bus-limits.ts";

// After a blocked event loop, the SDK's timers end requests before it reads their answers. Here they come
// later than the limits of this package and of the core (docs/decisions/0070). All of it uses the SDK's inner
// names: if those are gone, its timers come first again.

/** @param link rhea-promise's */
export function outlastSends(link: object): void {
  lengthen(link, "send", 1, { timeoutInSeconds: OUTER_TIMEOUT_MS / 1_000 });
}

/** @param management the SDK's client of the requests of an entity */
export function outlastRequests(management: object): void {
  lengthen(management, "_makeManagementRequest", 2, { timeoutInMs: OUTER_TIMEOUT_MS });
}

/** @param receiver the SDK's */
export function outlastSettlements(receiver: object): void {
  const options = field(receiver, "_retryOptions");
  if (typeof options !== "object" || options === null) return;
  Reflect.set(receiver, "_retryOptions", { ...options, timeoutInMs: OUTER_TIMEOUT_MS });
}

/** Settles like `work`, and rejects like the SDK if that takes longer than a request may. */
export async function answered<Value>(work: Promise<Value>): Promise<Value> {
  return await new Promise<Value>((resolve, reject) => {
    const limit = setTimeLimit(systemClock, () => reject(unanswered()), REQUEST_TIMEOUT_MS, true);
    work.then(
      (value) => {
        limit.cancel();
        resolve(value);
      },
      (error: unknown) => {
        limit.cancel();
        /* oxlint-disable-next-line typescript/prefer-promise-reject-errors -- passed on as it is */
        reject(error);
      },
    );
  });
}

function lengthen(target: object, name: string, at: number, longer: object): void {
  const method = methodOf(target, name);
  if (method === undefined) return;
  replaceMethod(target, name, (...args) => {
    args[at] = { ...Object(args[at]), ...longer };
    return method.apply(target, args);
  });
}

function unanswered(): Error {
  const error = new Error(`no answer within ${REQUEST_TIMEOUT_MS} ms`);
  return Object.assign(error, { code: "OperationTimeoutError" });
}
