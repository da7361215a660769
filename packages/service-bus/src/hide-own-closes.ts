import { field } from "./field.ts";
import { methodOf } from "./inner-methods.ts";

/** The SDK's handlers of an end, and what has ended then. */
const ENDS = { onClose: "sender", onSessionClose: "session" } as const;

/**
 * Changes the options of a sender's link: the SDK learns only of ends that come from the service. It closes the
 * session of a link that was detached, and takes the answer for the end of the link that it has then (7.9.5):
 * it closes the link that a send has just opened, and that send fails after a second. The SDK's receivers make
 * this distinction themselves.
 */
export function hideOwnCloses(options: unknown): unknown {
  if (typeof options !== "object" || options === null) return options;
  const changed: Record<string, unknown> = { ...options };
  for (const [name, ended] of Object.entries(ENDS)) {
    const tell = methodOf(options, name);
    if (tell === undefined) continue;
    changed[name] = (context: unknown): unknown =>
      isOwnClose(field(context, ended)) ? undefined : tell.call(options, context);
  }
  return changed;
}

/** Both sides have closed it: the service's is the answer. */
function isOwnClose(ended: unknown): boolean {
  if (typeof ended !== "object" || ended === null) return false;
  return methodOf(ended, "isItselfClosed")?.call(ended) === true;
}
