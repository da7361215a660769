import type { ServiceBusClient, ServiceBusReceiver, ServiceBusSessionReceiver } from "@azure/service-bus";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { sequenceNumberOf } from "./service-bus-wire.ts";
import type { Address } from "./service-bus-url.ts";

type ReceivedMessages = Awaited<ReturnType<ServiceBusReceiver["peekMessages"]>>;

/** Settings of every receiver. */
const RECEIVER_OPTIONS = {
  // The SDK renews by message id: it mixes up equal ids and fails without one. The core renews instead.
  maxAutoLockRenewalDurationInMs: 0,
  // Without this the three bytes "123" arrive as a number.
  skipParsingBodyAsJson: true,
  skipConvertingDate: true,
} as const;

/** Makes the SDK's receivers of one entity. */
export class EntityReceivers {
  readonly #connection: NamespaceConnection;
  readonly #address: Address;
  /** Only peeks and never receives, so that it holds no link. */
  #looker: { readonly receiver: ServiceBusReceiver; readonly generation: number } | undefined;
  /** Which connection has the open management link, as the number of connections that died before it. */
  #managedAfter: number | undefined;

  constructor(connection: NamespaceConnection, address: Address) {
    this.#connection = connection;
    this.#address = address;
  }

  get connection(): NamespaceConnection {
    return this.#connection;
  }

  async newReceiver(): Promise<ServiceBusReceiver> {
    return receiverOf(await this.#connection.client(), this.#address);
  }

  /** Locks the next session that has messages and no owner. The service waits for one. */
  async acceptSession(signal: AbortSignal): Promise<ServiceBusSessionReceiver> {
    const { root, subscription } = this.#address;
    const options = { ...RECEIVER_OPTIONS, abortSignal: signal };
    // Not bounded by the signal: the caller lets go of a session that comes after an abort.
    const accepted = this.#connection.call((client) =>
      subscription === undefined
        ? client.acceptNextSession(root, options)
        : client.acceptNextSession(root, subscription, options),
    );
    return await this.#connection.bounded(accepted, undefined);
  }

  /** Peeks from the first message on: without a number the SDK continues where its last peek ended. */
  async peek(maxItems: number, signal: AbortSignal): Promise<ReceivedMessages> {
    const looker = await this.#openLooker();
    const { deaths } = this.#connection;
    try {
      const peeked = await this.#connection.abandonable(
        (abortSignal) => looker.peekMessages(maxItems, { fromSequenceNumber: FROM_THE_FIRST, abortSignal }),
        signal,
      );
      this.#managedAfter = deaths;
      return peeked;
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    }
  }

  /** To be called before work that must not be the first to open the connection or its management link. */
  async openManagement(signal: AbortSignal): Promise<void> {
    if (this.#managedAfter !== this.#connection.deaths) await this.peek(1, signal);
  }

  async close(): Promise<void> {
    const looker = this.#looker;
    if (looker !== undefined)
      await this.#connection.closing(() => looker.receiver.close(), looker.generation);
  }

  async #openLooker(): Promise<ServiceBusReceiver> {
    const { generation } = this.#connection;
    if (this.#looker?.generation !== generation)
      this.#looker = { receiver: await this.newReceiver(), generation };
    return this.#looker.receiver;
  }
}

const FROM_THE_FIRST = sequenceNumberOf("0");

function receiverOf(
  client: ServiceBusClient,
  { root, subscription, isDeadLetter }: Address,
): ServiceBusReceiver {
  const options = {
    ...RECEIVER_OPTIONS,
    ...(isDeadLetter ? { subQueueType: "deadLetter" as const } : {}),
  };
  return subscription === undefined
    ? client.createReceiver(root, options)
    : client.createReceiver(root, subscription, options);
}
