import { RESERVED, type ItemResult } from "@anyqueue/core/adapter";
import type { ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusSender } from "@azure/service-bus";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import { readBody } from "./read-body.ts";
import { ID_PROPERTY, textOf } from "./service-bus-wire.ts";
import { Settlements } from "./settlements.ts";
import type { Address } from "./service-bus-url.ts";
import { countActive, openReceiver, refuseAborted, takeMessages } from "./take-messages.ts";

const MOVE_ITEMS = 100;

interface Links {
  readonly sender: ServiceBusSender;
  readonly settlements: Settlements;
}

/** Moves dead letters, message by message: the service has no move. */
export class DeadLetterMove {
  readonly #connection: NamespaceConnection;

  constructor(connection: NamespaceConnection) {
    this.#connection = connection;
  }

  /**
   * Sends each dead letter to the entity and completes it there. What the entity does not take stays, and is told when the
   * others of its turn are moved; any other failure ends it. Nothing stays locked.
   */
  async *run(
    from: Address,
    to: { readonly entity: string; readonly isDeduplicated: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly moved: number }> {
    const client = await this.#connection.client();
    const receiver = openReceiver(client, from, "peekLock");
    const sender = client.createSender(to.entity);
    const links = { sender, settlements: new Settlements(receiver, this.#connection) };
    let moved = 0;
    try {
      for (;;) {
        refuseAborted(signal);
        const count = Math.min(await countActive(receiver), MOVE_ITEMS);
        const messages = count === 0 ? [] : await takeMessages(this.#connection, receiver, count);
        if (messages.length === 0) return;
        const { count: arrived, failures } = await this.#moveAll(messages, to.isDeduplicated, links, signal);
        moved += arrived;
        if (arrived > 0) yield { moved };
        if (failures.length > 0) throw failures[0];
      }
    } finally {
      await Promise.allSettled([sender.close(), receiver.close()]);
    }
  }

  /**
   * Each is completed when it has arrived, while the next one is on its way: the locks of many may not last until the last
   * has arrived. Goes on past what is refused for its own sake, and no further where the next one would fail as well.
   */
  async #moveAll(
    messages: readonly ServiceBusReceivedMessage[],
    isDeduplicated: boolean,
    { sender, settlements }: Links,
    signal: AbortSignal,
  ): Promise<{ readonly count: number; readonly failures: readonly unknown[] }> {
    const left = new Set(messages);
    const failures: unknown[] = [];
    const completed: Promise<ItemResult>[] = [];
    for (const message of messages) {
      if (signal.aborted) break;
      try {
        await this.#connection.bounded(sender.sendMessages(copyOf(message, isDeduplicated)), undefined);
      } catch (error) {
        failures.push(error);
        if (classifyServiceBusError(error, "send").retryable) break;
        continue;
      }
      left.delete(message);
      completed.push(settlements.complete(message, undefined));
      // The one before has had the time of this send.
      if ((await completed.at(-2))?.ok === false) break;
    }
    for (const result of await Promise.all(completed)) if (!result.ok) failures.push(result.error);
    await Promise.all([...left].map((message) => settlements.abandon(message, undefined, undefined)));
    return { count: messages.length - left.size, failures };
  }
}

/**
 * Everything that a sender may set, in the body form it had. The service's marks of a dead letter are left behind, and so
 * are the attempts of earlier copies, which would leave it none.
 */
function copyOf(message: ServiceBusReceivedMessage, isDeduplicated: boolean): ServiceBusMessage {
  const {
    DeadLetterReason: _r,
    DeadLetterErrorDescription: _d,
    [RESERVED.attempts]: _attempts,
    ...properties
  } = message.applicationProperties ?? {};
  const { scheduledEnqueueTimeUtc: _s, applicationProperties: _a, timeToLive: _t, ...rest } = message;
  const copy = {
    ...rest,
    // Of several data sections the SDK would make JSON.
    body: message._rawAmqpMessage.bodyType === "data" ? readBody(message).body : message.body,
    ...writable("messageId", message.messageId),
    ...writable("correlationId", message.correlationId),
    applicationProperties: properties,
  };
  if (!isDeduplicated) return copy;
  // With its old id the service would drop the copy inside its window.
  const id = properties[ID_PROPERTY] ?? textOf(message.messageId) ?? String(message.sequenceNumber);
  return {
    ...copy,
    messageId: crypto.randomUUID(),
    applicationProperties: { ...properties, [ID_PROPERTY]: id },
  };
}

const UUID_BYTES = 16;

/** An id as a consumer reads it where the SDK would change it: of any bytes it makes a UUID, cut or filled up. */
function writable(
  name: "messageId" | "correlationId",
  id: ServiceBusMessage["messageId"],
): Pick<ServiceBusMessage, typeof name> {
  if (typeof id !== "object" || id.byteLength === UUID_BYTES) return {};
  return { [name]: textOf(id) ?? "" };
}
