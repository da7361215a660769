import type { Target } from "@anyqueue/core/adapter";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { unsupported } from "./refusal.ts";
import { parseAddress } from "./service-bus-url.ts";

/** What is sent to a topic reaches every subscription. @throws UNSUPPORTED unless this one is alone */
export async function refuseFanOut(
  client: Pick<ServiceBusAdministrationClient, "listSubscriptions">,
  to: Target,
  signal: AbortSignal,
): Promise<void> {
  let count = 0;
  const { root } = parseAddress(to.entity);
  for await (const _ of client.listSubscriptions(root, { abortSignal: signal })) count += 1;
  if (count === 1) return;
  throw unsupported(
    "redrive",
    `${to.name}: its dead letters would go back through the topic and reach all ${count} subscriptions`,
    "Forward the subscription to a queue and consume that, or send each dead letter to where it belongs.",
  );
}
