import type { Linked } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { LeanMessage } from "./lean-message.ts";
import type { HandleOwner, ServiceBusHandle } from "./service-bus-handle.ts";

/** The link of a handle. */
export interface StreamOwner extends HandleOwner {
  /** Lets the message arrive anew if the service says that its lock lives. Never rejects. */
  confirm(handle: StreamHandle): Promise<void>;
}

/** A delivery of a link without sessions. */
export class StreamHandle implements ServiceBusHandle, Linked<StreamHandle> {
  readonly #source: ServiceBusReceivedMessage | LeanMessage;
  readonly owner: StreamOwner;
  leaseUntilMs: number;
  /** True: the service was asked whether the lock lives. Nobody asks twice. */
  isConfirmed = false;
  /** Lets the SDK ask for one more message; undefined once that is done. */
  freeSlot: (() => void) | undefined;
  previous: StreamHandle | undefined;
  next: StreamHandle | undefined;

  constructor(
    message: ServiceBusReceivedMessage | LeanMessage,
    owner: StreamOwner,
    leaseUntilMs: number,
    freeSlot: () => void,
  ) {
    this.#source = message;
    this.owner = owner;
    this.leaseUntilMs = leaseUntilMs;
    this.freeSlot = freeSlot;
  }

  get message(): ServiceBusReceivedMessage {
    return this.#source instanceof LeanMessage ? this.#source.full : this.#source;
  }

  get lean(): LeanMessage | undefined {
    return this.#source instanceof LeanMessage ? this.#source : undefined;
  }

  get sequenceNumber(): string | undefined {
    return this.#source.sequenceNumber?.toString();
  }
}
