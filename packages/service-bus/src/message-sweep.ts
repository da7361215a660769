import { QueueError } from "@anyqueue/core/adapter";
import type {
  ServiceBusClient,
  ServiceBusMessage,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from "@azure/service-bus";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { PROVIDER } from "./refusal.ts";
import { isNoSession } from "./service-bus-errors.ts";
import { MAX_PEEK_ITEMS } from "./service-bus-limits.ts";
import { ID_PROPERTY, sequenceNumberOf } from "./service-bus-wire.ts";
import { Settlements } from "./settlements.ts";
import type { Address } from "./service-bus-url.ts";

const MOVE_ITEMS = 100;
/** An empty reply after this means an empty entity. */
const LAST_WAIT_MS = 1_000;

/** Takes all messages of an entity, to remove or to move them: the SDK has neither (7.9.5). */
export class MessageSweep {
  readonly #connection: NamespaceConnection;

  constructor(connection: NamespaceConnection) {
    this.#connection = connection;
  }

  /** Scheduled and deferred messages too; what others hold locked stays. */
  async purge(address: Address, hasSessions: boolean, signal: AbortSignal): Promise<void> {
    const client = await this.#connection.client();
    await this.#purgeHidden(client, address, signal);
    if (hasSessions) {
      await this.#purgeSessions(client, address, signal);
      return;
    }
    const receiver = openReceiver(client, address, "receiveAndDelete");
    try {
      await this.#receiveAll(receiver, signal);
    } finally {
      await receiver.close();
    }
  }

  /** Sends each dead letter to the entity and completes it there. */
  async *move(
    from: Address,
    to: { readonly entity: string; readonly isDeduplicated: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly moved: number }> {
    const client = await this.#connection.client();
    const receiver = openReceiver(client, from, "peekLock");
    const sender = client.createSender(to.entity);
    const settlements = new Settlements(receiver, this.#connection);
    let moved = 0;
    try {
      for (;;) {
        refuseAborted(signal);
        const count = Math.min(await countActive(receiver), MOVE_ITEMS);
        const messages = count === 0 ? [] : await this.#receive(receiver, count);
        if (messages.length === 0) return;
        for (const message of messages) {
          await this.#connection.bounded(sender.sendMessages(copyOf(message, to.isDeduplicated)), undefined);
        }
        const results = await Promise.all(
          messages.map((message) => settlements.complete(message, undefined)),
        );
        for (const result of results) if (!result.ok) throw result.error;
        moved += messages.length;
        yield { moved };
      }
    } finally {
      await Promise.allSettled([sender.close(), receiver.close()]);
    }
  }

  async #receiveAll(
    receiver: Pick<ServiceBusReceiver, "receiveMessages" | "peekMessages">,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      refuseAborted(signal);
      const count = await countActive(receiver);
      if (count === 0 || (await this.#receive(receiver, count)).length === 0) return;
    }
  }

  async #receive(
    receiver: Pick<ServiceBusReceiver, "receiveMessages" | "peekMessages">,
    maxItems: number,
  ): Promise<readonly ServiceBusReceivedMessage[]> {
    // Never aborted: the SDK would lose what it holds.
    const received = this.#connection.scoped(() =>
      receiver.receiveMessages(maxItems, { maxWaitTimeInMs: LAST_WAIT_MS }),
    );
    return await this.#connection.bounded(received, undefined);
  }

  async #purgeSessions(client: ServiceBusClient, address: Address, signal: AbortSignal): Promise<void> {
    const { root, subscription } = address;
    for (;;) {
      refuseAborted(signal);
      // The service waits for a session as long as the SDK's timeout says: it is asked only while messages are there.
      if (!(await this.#hasMessages(client, address))) return;
      const options = { receiveMode: "receiveAndDelete", maxAutoLockRenewalDurationInMs: 0 } as const;
      try {
        const session = await this.#connection.scoped(() =>
          subscription === undefined
            ? client.acceptNextSession(root, { ...options, abortSignal: signal })
            : client.acceptNextSession(root, subscription, { ...options, abortSignal: signal }),
        );
        try {
          await this.#receiveAll(session, signal);
        } finally {
          await session.close();
        }
      } catch (error) {
        if (isNoSession(error)) return;
        throw error;
      }
    }
  }

  async #hasMessages(client: ServiceBusClient, address: Address): Promise<boolean> {
    const receiver = openReceiver(client, address, "peekLock");
    try {
      return (await countActive(receiver)) > 0;
    } finally {
      await receiver.close();
    }
  }

  async #purgeHidden(client: ServiceBusClient, address: Address, signal: AbortSignal): Promise<void> {
    const receiver = openReceiver(client, address, "receiveAndDelete");
    const sender =
      address.isDeadLetter || address.subscription !== undefined
        ? undefined
        : client.createSender(address.root);
    try {
      let from = sequenceNumberOf("0");
      for (;;) {
        refuseAborted(signal);
        const peeked = await receiver.peekMessages(MAX_PEEK_ITEMS, { fromSequenceNumber: from });
        const last = peeked.at(-1)?.sequenceNumber;
        if (last === undefined) return;
        const scheduled = numbersOf(peeked, "scheduled");
        const deferred = numbersOf(peeked, "deferred");
        if (scheduled.length > 0) await sender?.cancelScheduledMessages(scheduled);
        if (deferred.length > 0) await receiver.receiveDeferredMessages(deferred);
        from = last.add(1);
      }
    } finally {
      await Promise.allSettled([receiver.close(), sender?.close()]);
    }
  }
}

/** As many as one look shows. Asked for exactly these, a receive does not wait for more. */
async function countActive(receiver: Pick<ServiceBusReceiver, "peekMessages">): Promise<number> {
  const peeked = await receiver.peekMessages(MAX_PEEK_ITEMS, { fromSequenceNumber: sequenceNumberOf("0") });
  return peeked.filter(({ state }) => state === "active").length;
}

type SequenceNumber = NonNullable<ServiceBusReceivedMessage["sequenceNumber"]>;

function numbersOf(
  messages: readonly ServiceBusReceivedMessage[],
  wanted: ServiceBusReceivedMessage["state"],
): SequenceNumber[] {
  return messages.flatMap(({ state, sequenceNumber }) =>
    state === wanted && sequenceNumber !== undefined ? [sequenceNumber] : [],
  );
}

function openReceiver(
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

/** Everything that a sender may set, in the body form it had; the service's marks of a dead letter are left behind. */
function copyOf(message: ServiceBusReceivedMessage, isDeduplicated: boolean): ServiceBusMessage {
  const {
    DeadLetterReason: _r,
    DeadLetterErrorDescription: _d,
    ...properties
  } = message.applicationProperties ?? {};
  const { scheduledEnqueueTimeUtc: _s, applicationProperties: _a, timeToLive: _t, ...rest } = message;
  const copy = { ...rest, applicationProperties: properties };
  if (!isDeduplicated) return copy;
  // With its old id the service would drop the copy inside its window.
  const id = properties[ID_PROPERTY] ?? String(message.messageId ?? message.sequenceNumber);
  return {
    ...copy,
    messageId: crypto.randomUUID(),
    applicationProperties: { ...properties, [ID_PROPERTY]: id },
  };
}

function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new QueueError("CANCELLED", { what: "aborted", provider: PROVIDER, cause: signal.reason });
}
