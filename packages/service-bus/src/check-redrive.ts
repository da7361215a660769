import type { Target } from "@anyqueue/core/adapter";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { assertKind } from "./entity-kind.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { unsupported } from "./refusal.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import { parseAddress } from "./service-bus-url.ts";

/**
 * Whether what is sent to the entity again needs a new message id: it looks for duplicates, or may. To send and to receive is
 * enough for a queue: one that cannot be looked at is taken for one that does. That a subscription is alone must be seen.
 *
 * @throws UNSUPPORTED if it is a subscription beside others: they would get it too
 */
export async function checkRedrive(
  connection: NamespaceConnection,
  to: Target,
  signal: AbortSignal,
): Promise<boolean> {
  const { root, subscription } = parseAddress(to.entity);
  const options = { abortSignal: signal };
  if (subscription !== undefined) {
    const client = await connection.administration();
    await assertKind(client, to, signal);
    await refuseFanOut(client, to, signal);
    return (await client.getTopic(root, options)).requiresDuplicateDetection;
  }
  // Missing where the application gave a client alone.
  const client = await connection.administration().catch(() => undefined);
  if (client === undefined) return true;
  try {
    await assertKind(client, to, signal);
    return (await client.getQueue(root, options)).requiresDuplicateDetection;
  } catch (error) {
    const { code } = classifyServiceBusError(error, "admin");
    if (code === "ACCESS_DENIED" || code === "UNAUTHENTICATED") return true;
    throw error;
  }
}

/** What is sent to a topic reaches every subscription. */
async function refuseFanOut(
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
