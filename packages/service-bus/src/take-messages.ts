import { QueueError } from "@anyqueue/core/adapter";
import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { PROVIDER } from "./refusal.ts";
import { MAX_PEEK_ITEMS } from "./service-bus-limits.ts";
import { sequenceNumberOf } from "./service-bus-wire.ts";
import type { Address } from "./service-bus-url.ts";

type Receiver = Pick<ServiceBusReceiver, "receiveMessages" | "peekMessages">;

/** Waits for a slow service that shows messages and brings none. In the end, others have locked them. */
const WAITS_MS = [1_000, 5_000] as const;

/** Takes up to `maxItems`, in the mode of the receiver. */
export async function takeMessages(
  connection: NamespaceConnection,
  receiver: Receiver,
  maxItems: number,
): Promise<readonly ServiceBusReceivedMessage[]> {
  for (const maxWaitTimeInMs of WAITS_MS) {
    // Never aborted: the SDK would lose what it holds.
    const received = connection.scoped(() => receiver.receiveMessages(maxItems, { maxWaitTimeInMs }));
    const messages = await connection.bounded(received, undefined);
    if (messages.length > 0) return messages;
  }
  return [];
}

/** Counts what one peek shows. A receive that asks for exactly this many does not wait for more. */
export async function countActive(
  receiver: Pick<ServiceBusReceiver, "peekMessages">,
  isWanted: (message: ServiceBusReceivedMessage) => boolean = () => true,
): Promise<number> {
  const peeked = await receiver.peekMessages(MAX_PEEK_ITEMS, { fromSequenceNumber: sequenceNumberOf("0") });
  return peeked.filter((message) => message.state === "active" && isWanted(message)).length;
}

export function openReceiver(
  client: ServiceBusClient,
  { root, subscription, isDeadLetter }: Address,
  receiveMode: "receiveAndDelete" | "peekLock",
): ServiceBusReceiver {
  const options = {
    receiveMode,
    maxAutoLockRenewalDurationInMs: 0,
    skipParsingBodyAsJson: true,
    skipConvertingDate: true,
    ...(isDeadLetter ? { subQueueType: "deadLetter" as const } : {}),
  };
  return subscription === undefined
    ? client.createReceiver(root, options)
    : client.createReceiver(root, subscription, options);
}

/** @throws CANCELLED */
export function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new QueueError("CANCELLED", { what: "aborted", provider: PROVIDER, cause: signal.reason });
}
