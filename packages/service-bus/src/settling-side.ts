import type { DeadLetterItem, ItemResult } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { EntityReceivers } from "./entity-receivers.ts";
import type { LockLength } from "./lock-length.ts";
import { renewLock } from "./renew-lock.ts";
import type { DeathListener } from "./namespace-connection.ts";
import type { Done } from "./service-bus-handle.ts";
import { Settlements, type Completable } from "./settlements.ts";

/** A receiver that settles, even after its link is gone: a message's lock outlives the link. */
interface Settler {
  readonly receiver: ServiceBusReceiver;
  readonly settlements: Settlements;
}

/**
 * Settles the messages of one link without sessions.
 *
 * When a link breaks, the SDK opens another one in the same receiver. It would settle the old messages on the
 * dead link and never get an answer (7.9.5, seen against the emulator). Once the receiver is closed, the SDK
 * settles by lock token over the management link, through any other receiver of the entity. So a break closes
 * the receiver.
 */
export class SettlingSide {
  readonly #receivers: EntityReceivers;
  readonly #locks: LockLength;
  readonly #stopListening: () => void;
  #settler: Promise<Settler>;
  /** The same, once it is there. */
  #present: Settler | undefined;
  /** The generation of the client that settles. */
  #generation: number;
  #isBroken = false;

  /** @param onBreak called when the connection is gone, and every link with it */
  constructor(
    receiver: ServiceBusReceiver,
    receivers: EntityReceivers,
    locks: LockLength,
    onBreak: DeathListener,
  ) {
    this.#receivers = receivers;
    this.#locks = locks;
    this.#generation = receivers.connection.generation;
    this.#present = this.#settlerOf(receiver);
    this.#settler = Promise.resolve(this.#present);
    this.#stopListening = receivers.connection.onDeath(onBreak);
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Called when the link is gone. */
  breakOff(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#present = undefined;
    this.#renewSettler();
  }

  /** Calls back once. */
  complete(source: Completable, signal: AbortSignal, done: Done): void {
    if (this.#present === undefined) void this.#completeLater(source.message, signal, done);
    else this.#present.settlements.completeThen(source, signal, done);
  }

  async #completeLater(message: ServiceBusReceivedMessage, signal: AbortSignal, done: Done): Promise<void> {
    done(await this.#with(({ settlements }) => settlements.complete(message, signal)));
  }

  async abandon(
    message: ServiceBusReceivedMessage,
    note: Readonly<Record<string, string>> | undefined,
    signal: AbortSignal,
  ): Promise<ItemResult> {
    return await this.#with(({ settlements }) => settlements.abandon(message, note, signal));
  }

  async deadLetter(
    message: ServiceBusReceivedMessage,
    item: Omit<DeadLetterItem<unknown>, "handle">,
    signal: AbortSignal,
  ): Promise<ItemResult> {
    return await this.#with(({ settlements }) => settlements.deadLetter(message, item, signal));
  }

  /** Renews by lock token: two messages with the same id have two locks (rule D5). */
  async renew(
    message: ServiceBusReceivedMessage,
    signal: AbortSignal,
  ): Promise<ItemResult<{ readonly leaseMs: number }>> {
    return await this.#with(async ({ receiver }) => {
      await this.#receivers.openManagement(signal);
      const { connection } = this.#receivers;
      return await renewLock(() => receiver.renewMessageLock(message), connection, this.#locks, signal);
    });
  }

  async close(): Promise<void> {
    this.#stopListening();
    const settler = await this.#settler.catch(() => undefined);
    if (settler === undefined) return;
    try {
      await this.#receivers.connection.closing(() => settler.receiver.close(), this.#generation);
    } finally {
      settler.settlements.giveUp(undefined);
    }
  }

  async #with<Value>(work: (settler: Settler) => Promise<ItemResult<Value>>): Promise<ItemResult<Value>> {
    // Another connection has died since the link did.
    if (this.#isBroken && this.#generation !== this.#receivers.connection.generation) this.#renewSettler();
    try {
      // At once if possible, so that settlements go out in the order of their calls.
      return await work(this.#present ?? (await this.#settler));
    } catch (error) {
      return { ok: false, error };
    }
  }

  #renewSettler(): void {
    this.#generation = this.#receivers.connection.generation;
    this.#settler = this.#replace(this.#settler);
    this.#settler.catch(() => {});
  }

  async #replace(before: Promise<Settler>): Promise<Settler> {
    // Not awaited: the close of a dead link may take long, and the SDK knows at once that it is closed.
    void before
      .then(async ({ receiver, settlements }) => {
        settlements.giveUp(undefined);
        await receiver.close();
      })
      .catch(() => {});
    return this.#settlerOf(await this.#receivers.newReceiver());
  }

  #settlerOf(receiver: ServiceBusReceiver): Settler {
    return { receiver, settlements: new Settlements(receiver, this.#receivers.connection) };
  }
}
