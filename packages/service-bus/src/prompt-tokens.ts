import { field } from "./field.ts";
import { methodOf, replaceMethod } from "./inner-methods.ts";
import { REQUEST_TIMEOUT_MS } from "./service-bus-limits.ts";

/** The SDK's own condition of a link that cannot send: nothing went out. */
const NOT_READY = "client.sender:link-not-ready";

/**
 * Ends token requests that hold up all others. The SDK (7.9.5) asks for one token at a time, and allows each
 * answer a minute: until then no link of the client opens. If the link of a request is detached, what waits
 * behind it goes out on that link all the same. The next link listens for answers under the same name as the
 * old one, which may get them instead. Here a request without a link fails, each link has a name of its own,
 * an answer may take as long as that of any other request, and none is awaited once the connection is gone: that
 * would keep the process alive.
 *
 * @param tokens the SDK's client of `$cbs`; unchanged if its inner names are gone
 * @param over aborts when the connection is gone
 */
export function askForTokensPromptly(tokens: unknown, over: AbortSignal): void {
  if (typeof tokens !== "object" || tokens === null) return;
  const ask = methodOf(tokens, "negotiateClaim");
  const init = methodOf(tokens, "init");
  const isOpen = methodOf(tokens, "isOpen");
  if (ask === undefined || init === undefined || isOpen === undefined) return;
  replaceMethod(tokens, "negotiateClaim", async (audience, token, type, options) => {
    if (isOpen.call(tokens) !== true) throw notReady();
    const own = field(options, "abortSignal");
    const abortSignal = own instanceof AbortSignal ? AbortSignal.any([own, over]) : over;
    const limits = { abortSignal, timeoutInMs: REQUEST_TIMEOUT_MS };
    return await ask.call(tokens, audience, token, type, limits);
  });
  replaceMethod(tokens, "init", async (...args) => {
    const before = field(tokens, "_cbsSenderReceiverLink");
    if (typeof before === "object" && before !== null && isOpen.call(tokens) !== true) {
      Reflect.set(tokens, "replyTo", `cbs-${crypto.randomUUID()}`);
      // Not awaited, because half of it is gone.
      Promise.resolve(methodOf(before, "close")?.call(before)).catch(() => {});
    }
    return await init.apply(tokens, args);
  });
}

function notReady(): Error {
  const description = "the link for tokens was closed before the request went out";
  return Object.assign(new Error(description), { condition: NOT_READY, description });
}
