import { DeadlineList, systemClock, type Dated } from "@anyqueue/core/adapter";
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

interface OpenRequest extends Dated<OpenRequest> {
  readonly reject: (error: Error) => void;
}

/** Limits the requests of one connection, with one timer for all. */
export class RequestLimits {
  readonly #open = new DeadlineList<OpenRequest>(systemClock, ({ reject }) => reject(unanswered()));

  /** Settles like `work`, and rejects like the SDK if that takes longer than a request may. */
  async answered<Value>(work: Promise<Value>): Promise<Value> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const deadlineMs = systemClock.now() + REQUEST_TIMEOUT_MS;
    const request: OpenRequest = { deadlineMs, reject, previous: undefined, next: undefined };
    this.#open.add(request);
    try {
      return await Promise.race([work, late]);
    } finally {
      this.#open.delete(request);
    }
  }
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
