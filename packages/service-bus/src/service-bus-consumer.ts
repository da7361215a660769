import {
  QueueError,
  type ConsumerDriver,
  type Delivery,
  type ExtendItem,
  type Flow,
  type ItemResult,
  type ReceiveAsk,
  type ReleaseItem,
} from "@anyqueue/core/adapter";
import type { EntityReceivers } from "./entity-receivers.ts";
import type { Intake } from "./intake.ts";
import { lazily } from "./lean-message.ts";
import type { LockLength } from "./lock-length.ts";
import { PROVIDER, unsupported } from "./refusal.ts";
import type { ServiceBusHandle } from "./service-bus-handle.ts";
import { MAX_PEEK_ITEMS } from "./service-bus-limits.ts";
import { decodeMessage, type WireForm } from "./service-bus-wire.ts";

type DeadLetterBatch = NonNullable<ConsumerDriver<ServiceBusHandle>["deadLetterBatch"]>;

/** Receives from one entity, and settles on the links that brought the messages. */
export class ServiceBusConsumer implements ConsumerDriver<ServiceBusHandle> {
  /** Absent on dead letters, which go nowhere else (rule D4). */
  readonly deadLetterBatch?: DeadLetterBatch;
  readonly #intake: Intake;
  readonly #receivers: EntityReceivers;
  readonly #locks: LockLength;
  readonly #form: WireForm;
  #isClosed = false;

  constructor(intake: Intake, receivers: EntityReceivers, locks: LockLength, form: WireForm) {
    this.#intake = intake;
    this.#receivers = receivers;
    this.#locks = locks;
    this.#form = form;
    if (!form.isDeadLetter) {
      this.deadLetterBatch = async (items, signal) =>
        await Promise.all(items.map((item) => item.handle.owner.deadLetter(item, signal)));
    }
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#intake.open(signal);
  }

  async setFlow(flow: Flow): Promise<void> {
    await this.#intake.setFlow(flow);
  }

  async receiveBatch(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<ServiceBusHandle>[]> {
    if (this.#isClosed)
      throw new QueueError("CLOSED", { what: "the consumer is closed", provider: PROVIDER });
    const handles = await this.#intake.receive(ask, signal);
    return handles.map((handle) => this.#delivery(handle));
  }

  async ackBatch(handles: readonly ServiceBusHandle[], signal: AbortSignal): Promise<readonly ItemResult[]> {
    if (handles.length === 0) return [];
    return await new Promise((resolve) => {
      const results: ItemResult[] = [];
      let open = handles.length;
      const complete = (handle: ServiceBusHandle, index: number): void =>
        handle.owner.complete(handle, signal, (result) => {
          results[index] = result;
          open -= 1;
          if (open === 0) resolve(results);
        });
      this.#receivers.connection.scoped(() => {
        handles.forEach(complete);
      });
    });
  }

  /** Releases without a delay: the core holds the lock meanwhile (`releaseDelay: "none"`). */
  async releaseBatch(
    items: readonly ReleaseItem<ServiceBusHandle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult[]> {
    return await Promise.all(items.map((item) => item.handle.owner.release(item, signal)));
  }

  async extendBatch(
    items: readonly ExtendItem<ServiceBusHandle>[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<{ readonly leaseMs: number }>[]> {
    return await Promise.all(items.map(({ handle }) => handle.owner.renew(handle, signal)));
  }

  async peekBatch(maxItems: number, signal: AbortSignal): Promise<readonly Delivery<never>[]> {
    const peeked = await this.#receivers.peek(Math.min(maxItems, MAX_PEEK_ITEMS), signal);
    return peeked.map((message) => {
      const { handle: _, ...seen } = decodeMessage<undefined>(message, undefined, this.#form);
      return Object.defineProperty(seen, "handle", { get: refuseSettling }) as unknown as Delivery<never>;
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#intake.close();
    await this.#receivers.close();
  }

  #delivery(handle: ServiceBusHandle): Delivery<ServiceBusHandle> {
    const { leaseKey } = handle.owner;
    const { lean } = handle;
    const delivery =
      lean === undefined
        ? decodeMessage(handle.message, handle, this.#form)
        : decodeMessage(lean, handle, this.#form, lazily(lean));
    delivery.leaseMs = Math.max(0, handle.leaseUntilMs - this.#locks.now());
    if (leaseKey !== undefined) delivery.leaseKey = leaseKey;
    return delivery;
  }
}

function refuseSettling(): never {
  throw unsupported("settle", "a peeked message cannot be settled", "Receive it.");
}
