import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { isNoSession } from "./service-bus-errors.ts";
import { MAX_PEEK_ITEMS } from "./service-bus-limits.ts";
import { sequenceNumberOf } from "./service-bus-wire.ts";
import type { Address } from "./service-bus-url.ts";
import { countActive, openReceiver, refuseAborted, takeMessages } from "./take-messages.ts";

/** Removes all messages of an entity, which the SDK cannot do (7.9.5). */
export class MessageSweep {
  readonly #connection: NamespaceConnection;

  constructor(connection: NamespaceConnection) {
    this.#connection = connection;
  }

  /** Removes scheduled and deferred messages too. Messages that others have locked stay. */
  async purge(address: Address, hasSessions: boolean, signal: AbortSignal): Promise<void> {
    const client = await this.#connection.client();
    await this.#purgeHidden(client, address, hasSessions, signal);
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

  async #receiveAll(
    receiver: Pick<ServiceBusReceiver, "receiveMessages" | "peekMessages">,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      refuseAborted(signal);
      const count = await countActive(receiver);
      if (count === 0 || (await takeMessages(this.#connection, receiver, count)).length === 0) return;
    }
  }

  async #purgeSessions(client: ServiceBusClient, address: Address, signal: AbortSignal): Promise<void> {
    const { root, subscription } = address;
    for (;;) {
      refuseAborted(signal);
      // The service waits for a session for the SDK's whole timeout, so this asks only if messages are there.
      if (!(await this.#hasMessages(client, address))) return;
      const options = { ...emptying(), abortSignal: signal };
      const session = await unlessNone(
        this.#connection.scoped(() =>
          subscription === undefined
            ? client.acceptNextSession(root, options)
            : client.acceptNextSession(root, subscription, options),
        ),
      );
      if (session === undefined) return;
      try {
        await this.#receiveAll(session, signal);
      } finally {
        await session.close();
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

  /** Only its session can receive them. A session that somebody holds keeps them. */
  async #purgeDeferred(
    client: ServiceBusClient,
    { root, subscription }: Address,
    sessionId: string,
    deferred: SequenceNumber[],
  ): Promise<void> {
    const options = emptying();
    const session = await unlessNone(
      this.#connection.scoped(() =>
        subscription === undefined
          ? client.acceptSession(root, sessionId, options)
          : client.acceptSession(root, subscription, sessionId, options),
      ),
    );
    if (session === undefined) return;
    try {
      await session.receiveDeferredMessages(deferred);
    } finally {
      await session.close();
    }
  }

  async #purgeHidden(
    client: ServiceBusClient,
    address: Address,
    hasSessions: boolean,
    signal: AbortSignal,
  ): Promise<void> {
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
        if (scheduled.length > 0) await sender?.cancelScheduledMessages(scheduled);
        for (const [sessionId, group] of bySession(peeked, hasSessions)) {
          const deferred = numbersOf(group, "deferred");
          if (deferred.length === 0) continue;
          if (sessionId === undefined) await receiver.receiveDeferredMessages(deferred);
          else await this.#purgeDeferred(client, address, sessionId, deferred);
        }
        from = last.add(1);
      }
    } finally {
      await Promise.allSettled([receiver.close(), sender?.close()]);
    }
  }
}

/** Undefined if there is no session to lock. A later failure means that messages are left. */
async function unlessNone<Session>(accepted: Promise<Session>): Promise<Session | undefined> {
  try {
    return await accepted;
  } catch (error) {
    if (isNoSession(error)) return undefined;
    throw error;
  }
}

/** Options of a session to empty. A new object each time: the SDK removes the mode from it (7.9.5). */
function emptying() {
  return { receiveMode: "receiveAndDelete", maxAutoLockRenewalDurationInMs: 0 } as const;
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

/** Groups by session; one group if the entity has no sessions. */
function bySession(
  messages: readonly ServiceBusReceivedMessage[],
  hasSessions: boolean,
): ReadonlyMap<string | undefined, readonly ServiceBusReceivedMessage[]> {
  return Map.groupBy(messages, ({ sessionId }) => (hasSessions ? sessionId : undefined));
}
