import { field } from "./field.ts";
import { methodOf } from "./inner-methods.ts";
import { resetError } from "./reset-error.ts";

/** The one condition that tells what became of the message: nothing. Of several it does not tell which. */
const TOO_LARGE = "amqp:link:message-size-exceeded";

/**
 * Fails the sends that wait for an answer on a link that is closed. The SDK leaves them to their timeouts of
 * ten seconds, and never tells that the service closed the link because the message was too large (7.9.5,
 * seen against the emulator).
 *
 * @param link rhea-promise's; unchanged if its inner names are gone
 */
export function endPendingSends(link: object): void {
  const pending = field(link, "deliveryDispositionMap");
  if (!(pending instanceof Map)) return;
  methodOf(link, "on")?.call(link, "sender_close", () => {
    const reason = reasonOf(field(link, "error"), pending.size === 1);
    for (const [id, send] of pending as Map<unknown, object>) {
      pending.delete(id);
      const timer = field(send, "timer");
      if (typeof timer === "object" && timer !== null) methodOf(timer, "close")?.call(timer);
      methodOf(send, "reject")?.call(send, reason);
    }
  });
}

function reasonOf(error: unknown, isOne: boolean): Error {
  const condition = field(error, "condition");
  const why = typeof condition === "string" ? condition : "it gave no reason";
  const what = `the service closed the link before it answered: ${why}`;
  // The SDK looks for the error of the link here.
  if (isOne && condition === TOO_LARGE) return Object.assign(new Error(what), { innerError: error });
  return resetError(what);
}
