import type { HostParts } from "./host.ts";
import type { PumpedMessage } from "./message-pump.ts";

/** Acknowledges messages, or gives them back to be delivered again at once. Reports and counts failures. */
export async function settleMessages(
  messages: readonly PumpedMessage[],
  isHandled: boolean,
  { onWarning, onUnsettled }: Pick<HostParts, "onWarning" | "onUnsettled">,
): Promise<void> {
  const settled = await Promise.allSettled(
    messages.map(async (message) => await (isHandled ? message.ack() : message.retry("0ms"))),
  );
  const failed = settled.flatMap((result, index) =>
    result.status === "rejected" ? [`${messages[index]?.providerId ?? ""}: ${String(result.reason)}`] : [],
  );
  const what = isHandled ? "handled, but comes again" : "not given back, comes again when its lease ends";
  for (const text of failed) onWarning(`${what}: ${text}`);
  if (isHandled && failed.length > 0) onUnsettled(failed.length);
}
