import type { DeadLetterItem, ItemResult, ReleaseItem } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { LeanMessage } from "./lean-message.ts";

/** Identifies one delivery for its settlement: the message, and the link that brought it (rule D5). */
export interface ServiceBusHandle {
  readonly message: ServiceBusReceivedMessage;
  /** The same message as it arrived, if the SDK has not touched it. */
  readonly lean?: LeanMessage | undefined;
  readonly owner: HandleOwner;
  /** The clock's monotonic time at which the lock ends, as far as is known here. */
  readonly leaseUntilMs: number;
}

export type Done = (result: ItemResult) => void;

/** The link that a delivery came on. No method rejects. */
export interface HandleOwner {
  /** Deliveries with the same key share one lock. */
  readonly leaseKey: string | undefined;
  /** Calls back once. It makes no promise of its own, because most messages end here. */
  complete(handle: ServiceBusHandle, signal: AbortSignal, done: Done): void;
  release(item: ReleaseItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult>;
  deadLetter(item: DeadLetterItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult>;
  renew(handle: ServiceBusHandle, signal: AbortSignal): Promise<ItemResult<{ readonly leaseMs: number }>>;
}
