import { QueueError, RESERVED, type Clock, type ItemResult } from "@anyqueue/core/adapter";
import type { ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusSender } from "@azure/service-bus";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import { writable } from "./property-value.ts";
import { readBody } from "./read-body.ts";
import { PROVIDER } from "./refusal.ts";
import { ID_PROPERTY, textOf } from "./service-bus-wire.ts";
import { Settlements } from "./settlements.ts";
import type { Address } from "./service-bus-url.ts";
import { countActive, openReceiver, refuseAborted, takeMessages } from "./take-messages.ts";

const MOVE_ITEMS = 100;
/** Twice as many may be in both places if the service stops answering. */
const MOVED_AT_ONCE = 20;
/** Holds the id of the redrive that sent the copy. */
const REDRIVE_PROPERTY = "aq-redrive";

interface Links {
  readonly sender: ServiceBusSender;
  readonly settlements: Settlements;
}

/** Moves dead letters, because the service has no move. */
export class DeadLetterMove {
  readonly #connection: NamespaceConnection;
  readonly #id = crypto.randomUUID();
  readonly #startedAtMs: number;

  constructor(connection: NamespaceConnection, clock: Clock) {
    this.#connection = connection;
    this.#startedAtMs = Math.round(clock.wallNow()); // as the record of a death
  }

  /**
   * Sends each dead letter to the entity, then completes the original. A refused message stays; its error is
   * thrown once the rest of its turn has moved. Any other failure ends it. Nothing stays locked. What died since
   * the start stays too.
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
        const count = Math.min(await countActive(receiver, this.#isWanted), MOVE_ITEMS);
        const messages = count === 0 ? [] : await takeMessages(this.#connection, receiver, count);
        if (messages.length === 0) return;
        const { count: arrived, failures } = await this.#moveAll(messages, to.isDeduplicated, links, signal);
        moved += arrived;
        if (arrived > 0) yield { moved };
        if (failures.length > 0) throw failures[0];
        // Others have locked what is wanted.
        if (!messages.some(this.#isWanted)) return;
      }
    } finally {
      await Promise.allSettled([sender.close(), receiver.close()]);
    }
  }

  /**
   * What is moved may fail again at once: moving that too could go on for ever. The core's record says when a
   * message died. The service keeps none (a dead letter has its old enqueued time), so a copy says who sent it.
   */
  readonly #isWanted = ({ applicationProperties: properties = {} }: ServiceBusReceivedMessage): boolean =>
    properties[REDRIVE_PROPERTY] !== this.#id &&
    !(Number(properties[RESERVED.deadLast] ?? 0) > this.#startedAtMs);

  /** Skips a refused message; stops if the next would fail too. Gives back what has not arrived. */
  async #moveAll(
    messages: readonly ServiceBusReceivedMessage[],
    isDeduplicated: boolean,
    links: Links,
    signal: AbortSignal,
  ): Promise<{ readonly count: number; readonly failures: readonly unknown[] }> {
    const left = new Set(messages);
    const failures: unknown[] = [];
    let isOver = false;
    const send = async (message: ServiceBusReceivedMessage): Promise<void> => {
      try {
        const sent = links.sender.sendMessages(copyOf(message, this.#id, isDeduplicated));
        await this.#connection.bounded(this.#connection.limited(sent), undefined);
        left.delete(message);
      } catch (error) {
        failures.push(error);
        isOver ||= classifyServiceBusError(error, "send").retryable;
      }
    };
    const complete = async (message: ServiceBusReceivedMessage): Promise<void> => {
      if (left.has(message)) return;
      const result = await this.#connection
        .limited(links.settlements.complete(message, undefined))
        .catch(failed);
      if (result.ok) return;
      failures.push(result.error);
      isOver = true;
    };
    // In a session one after the other: what is refused for now must not be overtaken.
    const lanes = Map.groupBy(
      messages.filter(this.#isWanted),
      (message) => message.sessionId ?? message,
    ).values();
    const move = async (): Promise<void> => {
      let completed: Promise<void> | undefined;
      for (const lane of lanes) {
        for (const message of lane) {
          if (isOver || signal.aborted) break;
          await send(message);
          // The completion before this one has had the time of this send.
          await completed;
          completed = complete(message);
        }
      }
      await completed;
    };
    await Promise.all(Array.from({ length: MOVED_AT_ONCE }, move));
    const { settlements } = links;
    await Promise.all([...left].map((message) => settlements.abandon(message, undefined, undefined)));
    return { count: messages.length - left.size, failures };
  }
}

function failed(error: unknown): ItemResult {
  return { ok: false, error };
}

/**
 * Copies everything that a sender may set, with the body in its original form. Leaves out the service's
 * dead-letter marks, and the attempts of earlier copies: they would leave none for this one.
 */
function copyOf(
  message: ServiceBusReceivedMessage,
  redriveId: string,
  isDeduplicated: boolean,
): ServiceBusMessage {
  const { body, malformed } = readBody(message);
  if (malformed !== undefined)
    throw new QueueError("INVALID_MESSAGE", {
      what: `a dead letter cannot be moved: ${malformed}`,
      remedy: "Take it with a consumer of dead letters.",
      provider: PROVIDER,
    });
  const {
    DeadLetterReason: _r,
    DeadLetterErrorDescription: _d,
    [RESERVED.attempts]: _attempts,
    ...read
  } = message.applicationProperties ?? {};
  const kept = Object.entries({ ...read, [REDRIVE_PROPERTY]: redriveId });
  const properties = Object.fromEntries(kept.map(([name, value]) => [name, writable(value)]));
  const { scheduledEnqueueTimeUtc: _s, applicationProperties: _a, timeToLive: _t, ...rest } = message;
  const copy = {
    ...rest,
    // The SDK would turn several data sections into JSON.
    body: message._rawAmqpMessage.bodyType === "data" ? body : message.body,
    ...writableId("messageId", message.messageId),
    ...writableId("correlationId", message.correlationId),
    applicationProperties: properties,
  };
  if (!isDeduplicated) return copy;
  // With the old id, the service would drop the copy within the duplicate detection window.
  const id = properties[ID_PROPERTY] ?? textOf(message.messageId) ?? String(message.sequenceNumber);
  return {
    ...copy,
    messageId: crypto.randomUUID(),
    applicationProperties: { ...properties, [ID_PROPERTY]: id },
  };
}

const UUID_BYTES = 16;

/** Writes a binary id as a consumer reads it, unless it has 16 bytes: the SDK cuts or pads it to a UUID. */
function writableId(
  name: "messageId" | "correlationId",
  id: ServiceBusMessage["messageId"],
): Pick<ServiceBusMessage, typeof name> {
  if (typeof id !== "object" || id.byteLength === UUID_BYTES) return {};
  return { [name]: textOf(id) ?? "" };
}
