import type { AdminDriver, Clock, CreateOptions, EntityCounts, Target } from "@anyqueue/core/adapter";
import { createQueue, createSubscription, createTopic, wantedBy } from "./create-entity.ts";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { checkRedrive } from "./check-redrive.ts";
import { DeadLetterMove } from "./dead-letter-move.ts";
import { assertKind } from "./entity-kind.ts";
import { MessageSweep } from "./message-sweep.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { unsupported } from "./refusal.ts";
import { parseAddress } from "./service-bus-url.ts";
import type { SubscriptionRules } from "./subscription-rules.ts";

/** Provisioning and inspection of queues, topics, subscriptions and their rules. */
export class ServiceBusAdmin implements AdminDriver {
  readonly #connection: NamespaceConnection;
  readonly #rules: SubscriptionRules;
  readonly #sweep: MessageSweep;
  readonly #clock: Clock;

  constructor(connection: NamespaceConnection, rules: SubscriptionRules, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#rules = rules;
    this.#sweep = new MessageSweep(connection);
  }

  /** Creates nothing for a dead-letter sub-queue: the service keeps it inside the entity. */
  async create(target: Target, options: CreateOptions, signal: AbortSignal): Promise<void> {
    const address = parseAddress(target.entity);
    if (address.isDeadLetter) return;
    const client = await this.#connection.administration();
    const { root, subscription } = address;
    if (target.ref.kind === "topic") await createTopic(client, root, target, signal);
    else if (subscription === undefined)
      await createQueue(client, root, wantedBy(target, options), target, signal);
    else {
      // The topic of a subscription definition was created before. That of any other definition was not.
      if (target.ref.kind !== "subscription") await createTopic(client, root, target, signal);
      const rules = this.#rules.of(root, subscription);
      await createSubscription(
        client,
        { topic: root, subscription, wanted: wantedBy(target, options), rules },
        signal,
      );
    }
  }

  /** Locked messages count as ready: the service does not tell them apart. */
  async inspect(target: Target, signal: AbortSignal): Promise<EntityCounts> {
    const client = await this.#checked(target, signal);
    const { root, subscription, isDeadLetter } = parseAddress(target.entity);
    const options = { abortSignal: signal };
    if (target.ref.kind === "topic") {
      const { scheduledMessageCount } = await client.getTopicRuntimeProperties(root, options);
      return { delayed: scheduledMessageCount, approximate: false };
    }
    const counts =
      subscription === undefined
        ? await client.getQueueRuntimeProperties(root, options)
        : await client.getSubscriptionRuntimeProperties(root, subscription, options);
    if (isDeadLetter) return { ready: counts.deadLetterMessageCount, approximate: false };
    const delayed = "scheduledMessageCount" in counts ? counts.scheduledMessageCount : 0;
    return { ready: counts.activeMessageCount, delayed, approximate: true };
  }

  async list(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    const client = await this.#connection.administration();
    const options = { abortSignal: signal };
    const names: string[] = [];
    for await (const { name } of client.listQueues(options)) if (name.startsWith(prefix)) names.push(name);
    for await (const { name } of client.listTopics(options)) {
      if (!name.startsWith(prefix)) continue;
      names.push(name);
      for await (const { subscriptionName } of client.listSubscriptions(name, options)) {
        names.push(`${name}/Subscriptions/${subscriptionName}`);
      }
    }
    return names;
  }

  async purge(target: Target, signal: AbortSignal): Promise<void> {
    const client = await this.#checked(target, signal);
    if (target.ref.kind !== "topic") {
      await this.#sweep.purge(parseAddress(target.entity), await this.#hasSessions(target, signal), signal);
      return;
    }
    const { root } = parseAddress(target.entity);
    for await (const each of client.listSubscriptions(root, { abortSignal: signal })) {
      const address = parseAddress(`${root}/Subscriptions/${each.subscriptionName}`);
      await this.#sweep.purge(address, each.requiresSession, signal);
    }
  }

  async delete(target: Target, signal: AbortSignal): Promise<void> {
    const { root, subscription, isDeadLetter } = parseAddress(target.entity);
    const options = { abortSignal: signal };
    if (isDeadLetter) {
      const remedy = "Delete the entity itself, or purge its dead letters.";
      throw unsupported("delete", `${target.name}: the service keeps dead letters inside the entity`, remedy);
    }
    const client = await this.#checked(target, signal);
    if (target.ref.kind === "topic") await client.deleteTopic(root, options);
    else if (subscription === undefined) await client.deleteQueue(root, options);
    else await client.deleteSubscription(root, subscription, options);
  }

  /**
   * Sends each message, then completes the original, because the service has no move. Dead letters of a
   * subscription go back through its topic and would reach all others: refused unless it is the only one.
   */
  async *redrive(from: Target, to: Target, signal: AbortSignal): AsyncGenerator<{ readonly moved: number }> {
    const source = parseAddress(from.entity);
    const destination = parseAddress(to.entity);
    const isDeduplicated = await checkRedrive(this.#connection, to, signal);
    yield* new DeadLetterMove(this.#connection, this.#clock).run(
      source,
      { entity: destination.root, isDeduplicated },
      signal,
    );
  }

  async close(): Promise<void> {
    // The connection belongs to the adapter.
  }

  /** @throws INVALID_ARGUMENT if the entity is of another kind than its definition */
  async #checked(target: Target, signal: AbortSignal): Promise<ServiceBusAdministrationClient> {
    const client = await this.#connection.administration();
    await assertKind(client, target, signal);
    return client;
  }

  async #hasSessions(target: Target, signal: AbortSignal): Promise<boolean> {
    const { root, subscription, isDeadLetter } = parseAddress(target.entity);
    if (isDeadLetter) return false;
    const client = await this.#connection.administration();
    const options = { abortSignal: signal };
    const { requiresSession } =
      subscription === undefined
        ? await client.getQueue(root, options)
        : await client.getSubscription(root, subscription, options);
    return requiresSession;
  }
}
