import { field } from "./field.ts";

/**
 * Lets the service send more messages on the link of a subscription. This takes one small frame; another link
 * would cost a token and three round trips. The SDK itself raises credit only as handlers end. Its means for
 * that are found by its inner names. A link that the SDK opens again begins with the raised credit.
 *
 * @returns false if those names are gone, or the link is not open
 */
export function raiseCredit(receiver: object, count: number): boolean {
  const streaming = field(receiver, "_streamingReceiver");
  const helper = field(streaming, "_receiverHelper");
  const add = field(helper, "addCredit");
  const before = field(streaming, "maxConcurrentCalls");
  if (typeof streaming !== "object" || streaming === null) return false;
  if (typeof add !== "function" || typeof before !== "number") return false;
  try {
    add.call(helper, count);
  } catch (error) {
    if (field(error, "name") === "AbortError") return false;
  }
  return Reflect.set(streaming, "maxConcurrentCalls", before + count);
}
