import type {
  ConsumerDriver,
  ConsumerDriverOptions,
  Delivery,
  OutgoingMessage,
  ProducerDriver,
  QueueAdapter,
  Target,
} from "@anyqueue/core/adapter";

/** A driver that is broken in one way, and the case that must notice it. */
export interface Saboteur {
  /** What is broken, in a few words. */
  readonly name: string;
  readonly caughtBy: string;
  wrap(adapter: QueueAdapter): QueueAdapter;
}

/** Replaces parts of every producer. */
export function withProducer(
  adapter: QueueAdapter,
  change: (driver: ProducerDriver, target: Target) => Partial<ProducerDriver>,
): QueueAdapter {
  return {
    ...passing(adapter),
    openProducer(target, purpose) {
      const driver = adapter.openProducer(target, purpose);
      return {
        open: async (signal) => await driver.open?.(signal),
        sizeOf: (message) => driver.sizeOf(message),
        sendBatch: (messages, signal) => driver.sendBatch(messages, signal),
        cancelBatch: async (tokens, signal) => (await driver.cancelBatch?.(tokens, signal)) ?? [],
        close: () => driver.close(),
        ...change(driver, target),
      };
    },
  };
}

/** Replaces parts of every consumer. */
export function withConsumer(
  adapter: QueueAdapter,
  change: (
    driver: ConsumerDriver<unknown>,
    options: ConsumerDriverOptions<unknown>,
    target: Target,
  ) => Partial<ConsumerDriver<unknown>>,
): QueueAdapter {
  return {
    ...passing(adapter),
    openConsumer(target, options) {
      const driver = adapter.openConsumer(target, options);
      const { extendBatch, deadLetterBatch, peekBatch } = driver;
      return {
        open: async (signal) => await driver.open?.(signal),
        receiveBatch: (ask, signal) => driver.receiveBatch(ask, signal),
        ackBatch: (handles, signal) => driver.ackBatch(handles, signal),
        releaseBatch: (items, signal) => driver.releaseBatch(items, signal),
        ...(extendBatch === undefined ? {} : { extendBatch: extendBatch.bind(driver) }),
        ...(deadLetterBatch === undefined ? {} : { deadLetterBatch: deadLetterBatch.bind(driver) }),
        ...(peekBatch === undefined ? {} : { peekBatch: peekBatch.bind(driver) }),
        close: () => driver.close(),
        ...change(driver, options, target),
      };
    },
  };
}

/** Replaces the deliveries that arrive. */
export function withDeliveries(
  adapter: QueueAdapter,
  change: (deliveries: readonly Delivery<unknown>[]) => readonly Delivery<unknown>[],
): QueueAdapter {
  return withConsumer(adapter, (driver) => ({
    receiveBatch: async (ask, signal) => change(await driver.receiveBatch(ask, signal)),
  }));
}

/** Replaces the messages that are sent. */
export function withMessages(
  adapter: QueueAdapter,
  change: (message: OutgoingMessage) => OutgoingMessage,
): QueueAdapter {
  return withProducer(adapter, (driver) => ({
    sendBatch: (messages, signal) => driver.sendBatch(messages.map(change), signal),
  }));
}

/** A delivery's fields may be getters, so a changed delivery is read in full. */
export function changed(
  delivery: Delivery<unknown>,
  change: Partial<Delivery<unknown>>,
  without: readonly (keyof Delivery<unknown>)[] = [],
): Delivery<unknown> {
  const names: readonly (keyof Delivery<unknown>)[] = [
    "attributeTypes",
    "contentType",
    "orderingKey",
    "leaseKey",
    "deduplicationId",
    "correlationId",
    "replyTo",
    "subject",
    "deliveryCount",
    "enqueuedAtMs",
    "expiresAtMs",
    "leaseMs",
    "deadLetter",
    "malformed",
  ];
  const kept = names.filter((name) => !without.includes(name) && delivery[name] !== undefined);
  return {
    handle: delivery.handle,
    id: delivery.id,
    providerId: delivery.providerId,
    body: delivery.body,
    attributes: delivery.attributes,
    native: delivery.native,
    ...Object.fromEntries(kept.map((name) => [name, delivery[name]])),
    ...change,
  };
}

export function passing(adapter: QueueAdapter): QueueAdapter {
  const { probe, admin } = adapter;
  return {
    name: adapter.name,
    resolve: (ref) => adapter.resolve(ref),
    openProducer: (target, purpose) => adapter.openProducer(target, purpose),
    openConsumer: (target, options) => adapter.openConsumer(target, options),
    classify: (error, during) => adapter.classify(error, during),
    close: () => adapter.close(),
    ...(probe === undefined ? {} : { probe: probe.bind(adapter) }),
    ...(admin === undefined ? {} : { admin: admin.bind(adapter) }),
  };
}
