import type { ConsumerDriver, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import type { ServiceBusClient } from "@azure/service-bus";
import { afterEach, beforeEach } from "vitest";
import { AmqpTap } from "./amqp-tap.ts";
import {
  consumerOptions,
  never,
  openAdapter,
  present,
  queueOf,
  rawAdministration,
  rawClient,
} from "./open-adapter.ts";

/** A separate emulator for each test, behind a relay, with both the plain SDK and the adapter. */
export class TappedEmulator {
  emulator!: Emulator;
  tap!: AmqpTap;
  adapter!: QueueAdapter;
  raw!: ServiceBusClient;
  readonly #open: { close(): Promise<unknown> }[] = [];

  /** Starts it with the queue `orders`, and with `keyed`, which has sessions and locks of 5 s. */
  async start(): Promise<void> {
    this.emulator = await startEmulator({ serviceBusPort: 0 });
    this.tap = await AmqpTap.start(this.endpoint);
    this.adapter = openAdapter(this.tap.endpoint);
    this.raw = rawClient(this.tap.endpoint);
    const admin = rawAdministration(this.endpoint);
    await admin.createQueue("orders", { lockDuration: "PT5M" });
    await admin.createQueue("keyed", { lockDuration: "PT5S", requiresSession: true });
  }

  async stop(): Promise<void> {
    this.emulator.faults.clear();
    for (const each of this.#open.splice(0)) await each.close();
    await Promise.all([this.adapter.close(), this.raw.close()]);
    await this.tap.close();
    await this.emulator.close();
  }

  /** The emulator's own endpoint, past the relay. */
  get endpoint(): string {
    return this.emulator.endpoints.serviceBus ?? "";
  }

  /** Closes it at the end. */
  keep<Opened extends { close(): Promise<unknown> }>(opened: Opened): Opened {
    this.#open.push(opened);
    return opened;
  }

  /** Sends with the plain SDK, as `m0`, `m1` and so on. */
  async send(count: number): Promise<void> {
    const messages = Array.from({ length: count }, (_, index) => ({ body: "x", messageId: `m${index}` }));
    const sender = this.raw.createSender("orders");
    await sender.sendMessages(messages);
    await sender.close();
  }

  async sendToSession(sessionId: string): Promise<void> {
    await this.raw.createSender("keyed").sendMessages({ body: "x", messageId: "s", sessionId });
  }

  async consume(
    target: Target = queueOf(this.adapter),
    options = consumerOptions(),
  ): Promise<ConsumerDriver<unknown>> {
    const consumer = this.keep(this.adapter.openConsumer(target, options));
    await consumer.open?.(never);
    return consumer;
  }

  /** States of the messages that an entity holds. */
  stored(path = "orders"): readonly string[] {
    const found = this.emulator.serviceBus.entities().find((entity) => entity.path === path);
    return present(found, path).messages.map(({ state }) => state);
  }
}

export function useTappedEmulator(): TappedEmulator {
  const tapped = new TappedEmulator();
  beforeEach(async () => await tapped.start());
  afterEach(async () => await tapped.stop());
  return tapped;
}
