import type { Target } from "@anyqueue/core/adapter";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { assertKind } from "./entity-kind.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { unsupported } from "./refusal.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import { parseAddress } from "./service-bus-url.ts";

/**
 * Returns true if the entity detects duplicates, or may do so: messages sent to it again then need a new id.
 * For a queue, the rights to send and receive are enough: if its settings cannot be read, this returns true.
 * For a subscription the topic must be readable, to see that it has no other.
 * @throws UNSUPPORTED if the topic has other subscriptions: they would get the messages too
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
  // Missing if the application passed only a client.
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

/** Refuses a topic with other subscriptions: a message sent to a topic reaches all of them. */
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
