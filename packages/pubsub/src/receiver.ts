import type { Clock, ConsumerEvents, Delivery, Flow, HandBacks, ReceiveAsk } from "@anyqueue/core/adapter";
import type { PubsubClients } from "./pubsub-client.ts";
import type { PubsubSubscription } from "./pubsub-subscription.ts";
import type { PubsubHandle } from "./pubsub-wire.ts";

/** What both ways of receiving work with. */
export interface ReceiverParts {
  readonly clients: PubsubClients;
  readonly subscription: PubsubSubscription;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly events: ConsumerEvents<PubsubHandle>;
  readonly handBacks: HandBacks;
}

/** Brings deliveries: streams for workers, single pulls for pull mode. */
export interface Receiver {
  open(signal: AbortSignal): Promise<void>;
  setFlow(flow: Flow): Promise<void>;
  receive(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<PubsubHandle>[]>;
  /** Settlements begin: these deliveries are not outstanding any more. */
  settling(handles: readonly PubsubHandle[]): void;
  /** So many settlements have their answer. */
  settled(count: number): void;
  /** Deliveries go back: what follows on their keys is handed over again after them. */
  released(handles: readonly PubsubHandle[]): void;
  /** The service still counts a delivery that was given back with a delay. */
  parked(handle: PubsubHandle, untilMs: number): void;
  extended(handle: PubsubHandle, untilMs: number): void;
  close(): Promise<void>;
}

/** Makes deliveries that nobody has begun visible again; unreleased they come back when their lease ends. Never rejects. */
export async function giveBack(
  { subscription, events, handBacks }: Pick<ReceiverParts, "subscription" | "events" | "handBacks">,
  deliveries: readonly Delivery<PubsubHandle>[],
): Promise<void> {
  if (deliveries.length === 0) return;
  for (const { handle } of deliveries) handBacks.add(handle.messageId);
  const items = deliveries.map(({ handle }) => ({ ackId: handle.ackId, seconds: 0 }));
  await subscription.changeDeadlines(items).catch((error: unknown) => events.fault(error));
}

/**
 * Confirms deliveries and gives each a lease of `leaseMs`. What cannot be confirmed is left out, and with it what
 * follows on its key: the service hands these over again, in order.
 */
export async function confirmed(
  { subscription, leaseMs }: Pick<ReceiverParts, "subscription" | "leaseMs">,
  deliveries: readonly Delivery<PubsubHandle>[],
): Promise<readonly Delivery<PubsubHandle>[]> {
  const seconds = Math.ceil(leaseMs / 1_000);
  const items = deliveries.map(({ handle }) => ({ ackId: handle.ackId, seconds }));
  const results = await subscription.changeDeadlines(items);
  const lostKeys = new Set<string>();
  return deliveries.filter(({ orderingKey }, index) => {
    const isLost = results[index]?.ok !== true;
    if (orderingKey === undefined || !subscription.keepsOrder) return !isLost;
    if (isLost) lostKeys.add(orderingKey);
    return !lostKeys.has(orderingKey);
  });
}
