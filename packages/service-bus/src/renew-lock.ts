import { QueueError, type ItemResult } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { LockLength } from "./lock-length.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { PROVIDER } from "./refusal.ts";

/** Renews a lock by its token; never rejects. Sessions renew with the same words and another call. */
export async function renewLock(
  renew: () => Promise<Date>,
  connection: NamespaceConnection,
  locks: LockLength,
  signal: AbortSignal,
): Promise<ItemResult<{ readonly leaseMs: number }>> {
  const askedAtMs = locks.now();
  try {
    const lockedUntil = await connection.bounded(connection.scoped(renew), signal);
    // The service counts from some moment after the request left.
    const spentMs = locks.now() - askedAtMs;
    return { ok: true, value: { leaseMs: Math.max(0, locks.untilMs(lockedUntil) - locks.now() - spentMs) } };
  } catch (error) {
    return { ok: false, error };
  }
}

/** The lock of one message, by its lock token: two messages with one id are two locks (rule D5). */
export function messageLock(
  receiver: ServiceBusReceiver,
  message: ServiceBusReceivedMessage,
): () => Promise<Date> {
  return () => receiver.renewMessageLock(message);
}

/** What a handle yields whose link is closed. */
export function linkGone(): QueueError {
  return new QueueError("LEASE_LOST", {
    what: "the link that the message came on is closed",
    provider: PROVIDER,
  });
}
