import {
  isQueueError,
  type AdminDriver,
  type Clock,
  type ConsumerDriver,
  type ConsumerDriverOptions,
  type ConsumerEvents,
  type EntityRef,
  type ErrorClass,
  type Operation,
  type ProbeResult,
  type ProducerDriver,
  type QueueAdapter,
  type QueueError,
  type SendPurpose,
  type Target,
} from "@anyqueue/core/adapter";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { EntityReceivers } from "./entity-receivers.ts";
import { LockLength } from "./lock-length.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { probeEntity } from "./probe-entity.ts";
import { PullIntake } from "./pull-intake.ts";
import { unsupported } from "./refusal.ts";
import { ServiceBusConsumer } from "./service-bus-consumer.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import type { ServiceBusHandle } from "./service-bus-handle.ts";
import { capabilitiesOf, limitsOf } from "./service-bus-limits.ts";
import { ServiceBusProducer } from "./service-bus-producer.ts";
import { entityOf, parseAddress } from "./service-bus-url.ts";
import type { WireForm } from "./service-bus-wire.ts";
import { SessionIntake } from "./session-intake.ts";
import { StreamIntake } from "./stream-intake.ts";
import type { SubscriptionRules } from "./subscription-rules.ts";

export interface ServiceBusSettings {
  readonly connection: NamespaceConnection;
  /** Used in names and messages. */
  readonly namespace: string;
  /** In lower case. */
  readonly sessionEntities: ReadonlySet<string>;
  readonly canCancel: boolean;
  readonly maxMessageBytes: number;
  readonly rules: SubscriptionRules;
  readonly clock: Clock;
}

/** One connection: the queues, topics and subscriptions of a namespace. */
export class ServiceBusAdapter implements QueueAdapter<ServiceBusHandle> {
  readonly name = "service-bus";
  readonly classify: (error: unknown, during: Operation) => ErrorClass = classifyServiceBusError;
  readonly #settings: ServiceBusSettings;
  /** By entity in lower case, as the service compares names. */
  readonly #locks = new Map<string, LockLength>();
  /** Entities that were seen to detect duplicates, whatever their definitions say. */
  readonly #deduplicated = new Set<string>();
  /** Targets whose entity was seen to be of another kind. */
  readonly #wrongKinds = new Map<string, QueueError>();
  #isClosed = false;

  constructor(settings: ServiceBusSettings) {
    this.#settings = settings;
    settings.connection.acquire();
  }

  resolve(ref: EntityRef): Target {
    const entity = entityOf(ref);
    const { isDeadLetter, subscription } = parseAddress(entity);
    const kind = isDeadLetter ? "dead-letter" : subscription === undefined ? ref.kind : "subscription";
    const isNamed = this.#settings.sessionEntities.has(entity.toLowerCase());
    // Dead letters are read without sessions, even those of an entity that has sessions.
    const isOrdered = !isDeadLetter && (ref.features.includes("ordering") || isNamed);
    const { canCancel, maxMessageBytes, namespace } = this.#settings;
    return Object.freeze({
      name: `service-bus://${namespace}/${entity}`,
      entity,
      ref,
      capabilities: capabilitiesOf({ ...ref, kind }, { isOrdered, canCancel }),
      limits: limitsOf({ isOrdered, maxMessageBytes }),
    });
  }

  async probe(target: Target, signal: AbortSignal): Promise<ProbeResult> {
    const administration = await this.#settings.connection.administration();
    const probed = await this.#probed(administration, target, signal);
    if (probed.facts.leaseMs !== undefined) this.#locksOf(target).knownMs = probed.facts.leaseMs;
    if (probed.capabilities?.deduplication === "window") this.#deduplicated.add(target.entity.toLowerCase());
    return probed;
  }

  openProducer(target: Target, purpose?: SendPurpose): ProducerDriver {
    this.#assertKind(target);
    const { root, isDeadLetter } = parseAddress(target.entity);
    if (isDeadLetter) {
      throw unsupported(
        "send",
        `${target.name}: only the service puts messages there`,
        "Send to its source.",
      );
    }
    const { connection } = this.#settings;
    const form = this.#formOf(target);
    if (purpose !== "redrive" && target.ref.kind !== "subscription")
      return new ServiceBusProducer(connection, root, target, form);
    return new ServiceBusProducer(connection, root, target, form, async (signal) => {
      const { checkRedrive } = await import("./check-redrive.ts");
      return await checkRedrive(connection, target, signal);
    });
  }

  openConsumer(
    target: Target,
    options: ConsumerDriverOptions<ServiceBusHandle>,
  ): ConsumerDriver<ServiceBusHandle> {
    this.#assertKind(target);
    if (target.ref.kind === "topic") {
      const what = `${target.name}: a topic itself holds no messages`;
      throw unsupported("receive", what, "Define a subscription of it.");
    }
    const { connection, clock } = this.#settings;
    const { flow, mode } = options;
    const events = eventsOutside(options.events, connection);
    const receivers = new EntityReceivers(connection, parseAddress(target.entity));
    const locks = this.#locksOf(target);
    const form = this.#formOf(target);
    const newIntake = (): SessionIntake | StreamIntake | PullIntake => {
      if (form.isOrdered) return new SessionIntake(receivers, locks, clock, events, { flow, mode });
      if (mode === "pull") return new PullIntake(receivers, locks, clock);
      return new StreamIntake(receivers, locks, clock, events, flow);
    };
    return new ServiceBusConsumer(newIntake(), receivers, locks, form);
  }

  async admin(): Promise<AdminDriver> {
    const { ServiceBusAdmin } = await import("./admin.ts");
    const { connection, rules, clock } = this.#settings;
    return new ServiceBusAdmin(connection, rules, clock);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#settings.connection.release();
  }

  /** The core takes a failed probe for a missing right. A target of the wrong kind must not open either. */
  async #probed(
    administration: ServiceBusAdministrationClient,
    target: Target,
    signal: AbortSignal,
  ): Promise<ProbeResult> {
    this.#wrongKinds.delete(kindAndName(target));
    try {
      return await probeEntity(administration, target, signal);
    } catch (error) {
      if (isQueueError(error, "INVALID_ARGUMENT")) this.#wrongKinds.set(kindAndName(target), error);
      throw error;
    }
  }

  /** @throws what the last probe found, until another one finds otherwise */
  #assertKind(target: Target): void {
    const error = this.#wrongKinds.get(kindAndName(target));
    if (error !== undefined) throw error;
  }

  #formOf({ capabilities, entity }: Target): WireForm {
    return {
      isOrdered: capabilities.ordering === "by-key",
      isDeduplicated: capabilities.deduplication === "window" || this.#deduplicated.has(entity.toLowerCase()),
      isDeadLetter: parseAddress(entity).isDeadLetter,
      clock: this.#settings.clock,
    };
  }

  #locksOf({ entity }: Target): LockLength {
    const key = entity.toLowerCase();
    let locks = this.#locks.get(key);
    if (locks === undefined) {
      locks = new LockLength(this.#settings.clock);
      this.#locks.set(key, locks);
    }
    return locks;
  }
}

/** The SDK calls these. Without `outside`, a connection that an application opens then would pass as ours. */
function eventsOutside<Handle>(
  events: ConsumerEvents<Handle>,
  { outside }: NamespaceConnection,
): ConsumerEvents<Handle> {
  return {
    leasesLost: (lost, error) => outside(() => events.leasesLost(lost, error)),
    fault: (error) => outside(() => events.fault(error)),
  };
}

/** A queue and a topic of the same name are two targets, one of them wrong. */
function kindAndName({ ref, name }: Target): string {
  return `${ref.kind} ${name}`;
}
