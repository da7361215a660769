import { QueueError, queueError } from "@anyqueue/core/adapter";
import type {
  ItemResult,
  OutgoingMessage,
  ProducerDriver,
  SendReceipt,
  Target,
} from "@anyqueue/core/adapter";
import { PublishCalls } from "./publish-calls.ts";
import { PublishRequest } from "./publish-codec.ts";
import { callOptions, type PubsubClients } from "./pubsub-client.ts";
import { classifyPubsubError } from "./pubsub-errors.ts";
import { LOOKUP_TIMEOUT_MS } from "./pubsub-limits.ts";
import type { ResourceName } from "./pubsub-url.ts";
import { sizeOfMessage } from "./pubsub-wire.ts";

/** Publishes to one topic through the generated client: no timer of its own, one result for each message. */
export class PubsubProducer implements ProducerDriver {
  readonly takesText: boolean = true;
  readonly #clients: PubsubClients;
  readonly #calls: PublishCalls;
  readonly #topic: ResourceName;
  readonly #target: Target;
  readonly #isForOne: boolean;
  #knownPath: string | undefined;

  /** @param isForOne only the target's subscription may get the messages: `open` refuses a topic with others */
  constructor(clients: PubsubClients, topic: ResourceName, target: Target, isForOne: boolean) {
    this.#clients = clients;
    this.#calls = new PublishCalls(clients);
    this.#topic = topic;
    this.#target = target;
    this.#isForOne = isForOne;
  }

  /**
   * Reading a topic needs a permission that a producer may lack, so a denial is ignored. But a subscription
   * must be verified to be its topic's only one. A queue's is, unless somebody has added others. A queue, also
   * one for dead letters, has a subscription: without one, all that is sent is confirmed and gone.
   */
  async open(signal: AbortSignal): Promise<void> {
    const client = await this.#clients.publisher();
    const topic = { topic: await this.#path() };
    const options = callOptions(signal, LOOKUP_TIMEOUT_MS);
    const { name, ref } = this.#target;
    const isOfQueue = ref.kind === "dead-letter" || ref.kind === "queue";
    try {
      if (!this.#isForOne && !isOfQueue) {
        await client.getTopic(topic, options);
        return;
      }
      const [names] = await client.listTopicSubscriptions(topic, options);
      if (this.#isForOne && names.length > 1) throw fanOut(name, names.length);
      if (isOfQueue && names.length === 0) throw unkept(name);
    } catch (error) {
      const isDenied = classifyPubsubError(error, "open").code === "ACCESS_DENIED";
      if (!isDenied || ref.kind === "subscription") throw error;
    }
  }

  sizeOf(message: OutgoingMessage): number {
    return sizeOfMessage(message);
  }

  /** All messages of a request must share one ordering key; the requests of one call go out one by one. */
  async sendBatch(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<SendReceipt>[]> {
    const [first = [], ...others] = byOrderingKey(messages);
    const results = [...(await this.#publish(first, signal))];
    for (const batch of others) {
      try {
        results.push(...(await this.#publish(batch, signal)));
      } catch (error) {
        for (const _ of batch) results.push({ ok: false, error });
      }
    }
    return results;
  }

  async close(): Promise<void> {
    // The connection belongs to the adapter.
  }

  async #publish(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly ItemResult<SendReceipt>[]> {
    if (messages.length === 0) return [];
    const request = new PublishRequest(this.#knownPath ?? (await this.#path()), messages);
    const { messageIds } = await this.#calls.publish(request, signal);
    // Not after a failure: gRPC may still use the bytes then.
    request.release();
    // An id confirms that a message is stored; its position says which message.
    const stored = messageIds?.length === messages.length && messageIds.every((id) => id !== "");
    if (!stored) throw unconfirmed(messages.length, messageIds?.length ?? 0);
    return messageIds.map((providerId) => ({ ok: true, value: { providerId } }));
  }

  async #path(): Promise<string> {
    this.#knownPath = await this.#clients.path("topics", this.#topic);
    return this.#knownPath;
  }
}

function fanOut(target: string, count: number): QueueError {
  const what = `what is sent to the topic again would reach all ${count} subscriptions`;
  const remedy = "Consume its dead letters, and send each to where it belongs.";
  return queueError("UNSUPPORTED", { what, remedy, target }, { feature: "redrive", remedy });
}

function unkept(target: string): QueueError {
  const what = "the topic has no subscription, so what is sent to it is lost";
  return new QueueError("NOT_FOUND", { what, target, provider: "pubsub" });
}

function unconfirmed(sent: number, ids: number): QueueError {
  const what = `the service accepted ${sent} messages and gave ${ids} ids`;
  return new QueueError("UNAVAILABLE", { what, ambiguous: true, provider: "pubsub" });
}

function byOrderingKey(messages: readonly OutgoingMessage[]): readonly OutgoingMessage[][] {
  const batches: OutgoingMessage[][] = [];
  for (const message of messages) {
    const last = batches.at(-1);
    if (last !== undefined && last[0]?.orderingKey === message.orderingKey) last.push(message);
    else batches.push([message]);
  }
  return batches;
}
