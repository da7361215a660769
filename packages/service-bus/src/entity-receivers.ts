import type { ServiceBusClient, ServiceBusReceiver, ServiceBusSessionReceiver } from "@azure/service-bus";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { sequenceNumberOf } from "./service-bus-wire.ts";
import type { Address } from "./service-bus-url.ts";

type ReceivedMessages = Awaited<ReturnType<ServiceBusReceiver["peekMessages"]>>;

/** Settings of every receiver. */
const RECEIVER_OPTIONS = {
  // The SDK's own renewal goes by message id: it mixes up equal ids and fails without one. Renewal is the core's.
  maxAutoLockRenewalDurationInMs: 0,
  // Else the three bytes "123" arrive as a number.
  skipParsingBodyAsJson: true,
  skipConvertingDate: true,
} as const;

/** Makes the SDK's receivers of one entity. */
export class EntityReceivers {
  readonly #connection: NamespaceConnection;
  readonly #address: Address;
  /** Looks and never receives, so that it holds no link. */
  #looker: ServiceBusReceiver | undefined;

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

  /** The next session that has messages and no owner; waits for one at the service. */
  async acceptSession(signal: AbortSignal): Promise<ServiceBusSessionReceiver> {
    const { root, subscription } = this.#address;
    const options = { ...RECEIVER_OPTIONS, abortSignal: signal };
    return await this.#connection.call((client) =>
      subscription === undefined
        ? client.acceptNextSession(root, options)
        : client.acceptNextSession(root, subscription, options),
    );
  }

  /** From the first message on: without a number the SDK goes on where its last look ended. */
  async peek(maxItems: number, signal: AbortSignal): Promise<ReceivedMessages> {
    const looker = (this.#looker ??= await this.newReceiver());
    const options = { fromSequenceNumber: FROM_THE_FIRST, abortSignal: signal };
    const peeked = this.#connection.scoped(() => looker.peekMessages(maxItems, options));
    try {
      return await this.#connection.bounded(peeked, signal);
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#looker?.close();
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
