import { QueueError, type ItemResult } from "@anyqueue/core/adapter";
import type { LockLength } from "./lock-length.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { PROVIDER } from "./refusal.ts";
import type { ServiceBusHandle } from "./service-bus-handle.ts";

/** Renews the lock of a message or a session; never rejects. */
export async function renewLock(
  renew: () => Promise<Date>,
  connection: NamespaceConnection,
  locks: LockLength,
  signal: AbortSignal,
): Promise<ItemResult<{ readonly leaseMs: number }>> {
  const askedAtMs = locks.now();
  try {
    const lockedUntilUtc = await connection.bounded(connection.scoped(renew), signal);
    // The service counts from some moment after the request left.
    const spentMs = locks.now() - askedAtMs;
    return {
      ok: true,
      value: { leaseMs: Math.max(0, locks.untilMs({ lockedUntilUtc }) - locks.now() - spentMs) },
    };
  } catch (error) {
    return { ok: false, error };
  }
}

/** Renews the lock of a message that nobody has asked for, once half of it is over. */
export function keepLock(handle: ServiceBusHandle, locks: LockLength): void {
  if (locks.isHalfOver(handle.leaseUntilMs)) void handle.owner.renew(handle, new AbortController().signal);
}

/** The error for a handle whose link was closed by us. */
export function linkGone(): QueueError {
  return new QueueError("LEASE_LOST", {
    what: "the consumer that received the message is closed",
    provider: PROVIDER,
  });
}
