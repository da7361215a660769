import type { ConsumerDriver, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator, type EmulatorOptions } from "@anyqueue/emulator";
import { afterAll, afterEach, beforeAll } from "vitest";
import {
  adminOf,
  bury,
  consumerOptions,
  deadLettersOf,
  never,
  openAdapter,
  outgoing,
  present,
  queueOf,
  rawAdministration,
  valuesOf,
} from "./open-adapter.ts";

/** One emulator and one adapter for the tests of a file, each with queues of its own. */
export class SharedEmulator {
  emulator!: Emulator;
  adapter!: QueueAdapter;
  readonly #open: { close(): Promise<unknown> }[] = [];
  #queues = 0;

  async start(clock: EmulatorOptions["clock"]): Promise<void> {
    this.emulator = await startEmulator({ serviceBusPort: 0, ...(clock === undefined ? {} : { clock }) });
    this.adapter = openAdapter(this.endpoint);
  }

  /** Called after each test: nothing of it stays open. */
  async clear(): Promise<void> {
    this.emulator.faults.clear();
    for (const each of this.#open.splice(0)) await each.close();
  }

  async stop(): Promise<void> {
    await this.adapter.close();
    await this.emulator.close();
  }

  get endpoint(): string {
    return this.emulator.endpoints.serviceBus ?? "";
  }

  /** Closes it after the test. */
  keep<Opened extends { close(): Promise<unknown> }>(opened: Opened): Opened {
    this.#open.push(opened);
    return opened;
  }

  /** A name that no other test has. */
  async createQueue(settings: { lockDuration?: string; requiresSession?: boolean }): Promise<string> {
    this.#queues += 1;
    const name = `queue-${this.#queues}`;
    await rawAdministration(this.endpoint).createQueue(name, settings);
    return name;
  }

  async newQueue(settings: { lockDuration?: string } = {}): Promise<Target> {
    return queueOf(this.adapter, await this.createQueue({ lockDuration: "PT5M", ...settings }));
  }

  async send(target: Target, count: number, name = "m"): Promise<readonly string[]> {
    const producer = this.keep(this.adapter.openProducer(target));
    const ids = Array.from({ length: count }, (_, index) => `${name}${index}`);
    valuesOf(
      await producer.sendBatch(
        ids.map((id) => outgoing(id)),
        never,
      ),
    );
    return ids;
  }

  async consume(target: Target, options = consumerOptions()): Promise<ConsumerDriver<unknown>> {
    const consumer = this.keep(this.adapter.openConsumer(target, options));
    await consumer.open?.(never);
    return consumer;
  }

  /** Makes a queue with that many dead letters. */
  async withDeadLetters(count: number): Promise<Target> {
    const target = await this.newQueue();
    await this.send(target, count);
    await bury(this.adapter, target, count);
    return target;
  }

  /** Moves the dead letters back, and yields how many it has moved so far. */
  async *redrive(target: Target): AsyncGenerator<number> {
    const admin = await adminOf(this.adapter);
    const from = deadLettersOf(this.adapter, target);
    for await (const { moved } of present(admin.redrive).call(admin, from, target, never)) yield moved;
  }

  async redriven(target: Target): Promise<number> {
    let total = 0;
    for await (const moved of this.redrive(target)) total = moved;
    return total;
  }

  /** How many messages are ready, in the entity and in its dead letters. */
  async readyIn(target: Target): Promise<readonly (number | undefined)[]> {
    const admin = await adminOf(this.adapter);
    const both = [target, deadLettersOf(this.adapter, target)];
    return await Promise.all(both.map(async (each) => (await admin.inspect(each, never)).ready));
  }

  locked(target: Target): number {
    const found = this.emulator.serviceBus.entities().find(({ path }) => path === target.entity);
    return present(found, target.entity).messages.filter(({ state }) => state === "locked").length;
  }
}

/** @param clock "manual": time at the service stands still until the test advances it */
export function useSharedEmulator(clock?: EmulatorOptions["clock"]): SharedEmulator {
  const shared = new SharedEmulator();
  beforeAll(async () => await shared.start(clock));
  afterEach(async () => await shared.clear());
  afterAll(async () => await shared.stop());
  return shared;
}
