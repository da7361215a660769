import {
  createClient,
  defineQueue,
  RetryError,
  unchecked,
  type QueueClient,
  type QueueDefinition,
} from "@anyqueue/core";
import type { Flow, Provider, QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock, type VirtualClock } from "@anyqueue/core/testing";
import { BLANK_SUBSCRIPTION, BLANK_TOPIC } from "../../../emulator/test/support/manual-pubsub.ts";
import { pubsub } from "../../src/index.ts";
import type { PlannedEnd, PlannedMessage, Schedule } from "./schedule.ts";
import { SeededChoice } from "./seeded-choice.ts";
import { CONNECTIONS, LEASE_SECONDS } from "./virtual-sdk.ts";
import { VirtualService } from "./virtual-service.ts";
import { watchedDriver } from "./watched-driver.ts";

interface Body {
  readonly id: string;
}

/** The result of one schedule. */
export interface StressReport {
  /** Messages that were sent, but that no handler finished. */
  readonly lost: readonly string[];
  /** Virtual time from the last incident until everything was done. */
  readonly doneAfterMs: number;
  /** Longest time without a running handler although there was work to do. */
  readonly longestIdleMs: number;
  /** Cases of a consumer that held more than it was allowed. */
  readonly overflows: readonly string[];
  /** Cases of a key whose messages were finished in another order. */
  readonly disorder: readonly string[];
  /** Deliveries left at the service after all consumers are closed. */
  readonly left: number;
}

const STEP_MS = 250;
const OPENING_MS = 1_000;
/**
 * A silent stream is found after 45 s; a delivery that it swallowed comes again after its lease. All that
 * twice, with back-offs.
 */
export const PATIENCE_MS = 600_000;
const FIRST_PORT = 20_001;
let ports = FIRST_PORT;

/** Carries out one schedule on the emulator's engine in virtual time. */
export class StressRun {
  readonly #schedule: Schedule;
  readonly #clock: VirtualClock = createVirtualClock();
  readonly #service: VirtualService;
  readonly #definition: QueueDefinition<Body>;
  readonly #runs = new Map<string, number>();
  readonly #finished: string[] = [];
  readonly #overflows: string[] = [];
  readonly #allowed: number[] = [];
  readonly #clients: QueueClient[] = [];
  #running = 0;
  #idleSinceMs: number | undefined;
  #longestIdleMs = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.#service = new VirtualService(this.#clock, new SeededChoice(schedule.seed + 1));
    const policy = {
      lease: `${LEASE_SECONDS}s`,
      retry: { attempts: "unlimited" },
      deadLetter: "none",
    } as const;
    const ordering = { orderingKey: ({ id }: Body) => keyOf(schedule, id), needs: ["ordering"] } as const;
    this.#definition = defineQueue("orders", {
      schema: unchecked<Body>(),
      ...policy,
      ...(schedule.ordered ? ordering : {}),
    });
    const { engine } = this.#service;
    engine.topics.create({ ...BLANK_TOPIC, name: "projects/p/topics/orders" });
    engine.subscriptions.create({
      ...BLANK_SUBSCRIPTION,
      name: "projects/p/subscriptions/orders",
      topic: "projects/p/topics/orders",
      enableMessageOrdering: schedule.ordered,
      enableExactlyOnceDelivery: schedule.exactlyOnce,
    });
  }

  async run(): Promise<StressReport> {
    const { consumers, concurrency } = this.#schedule;
    const running: Promise<unknown>[] = [];
    for (let index = 0; index < consumers; index += 1) {
      const consumer = this.#connect(index).consumer(this.#definition, { concurrency });
      running.push(consumer.run(async ({ body }) => await this.#handle(body)));
    }
    await this.#clock.advance(OPENING_MS);
    const sends = await this.#carryOut();
    const lastAtMs = this.#clock.now();
    while (!this.#isDone() && this.#clock.now() - lastAtMs < PATIENCE_MS) await this.#step();
    const doneAfterMs = this.#clock.now() - lastAtMs;
    await this.#drive(Promise.all(sends));
    await this.#drive(Promise.all(this.#clients.map(async (client) => await client.close())));
    await this.#drive(Promise.all(running));
    return this.#report(doneAfterMs);
  }

  /** Sends messages and ends streams at their planned moments; meanwhile calls may fail. */
  async #carryOut(): Promise<readonly Promise<unknown>[]> {
    const { consumers, messages, ends, failingCalls } = this.#schedule;
    const producer = this.#connect(consumers).producer(this.#definition);
    const sends: Promise<unknown>[] = [];
    const todo = [
      ...messages.map(({ id, atMs }) => ({ atMs, act: () => void sends.push(producer.send({ id })) })),
      ...ends.map((end) => ({ atMs: end.atMs, act: () => this.#endStreams(end) })),
    ].toSorted((a, b) => a.atMs - b.atMs);
    this.#service.failingCalls = failingCalls;
    for (const { atMs, act } of todo) {
      await this.#clock.advanceTo(OPENING_MS + atMs);
      act();
    }
    this.#service.failingCalls = 0;
    return sends;
  }

  #endStreams({ consumer, end }: PlannedEnd): void {
    for (const stream of this.#service.streams) if (stream.consumer === consumer) stream.meet(end);
  }

  #report(doneAfterMs: number): StressReport {
    const { messages, ordered } = this.#schedule;
    return {
      lost: messages.map(({ id }) => id).filter((id) => !this.#finished.includes(id)),
      doneAfterMs,
      longestIdleMs: this.#longestIdleMs,
      overflows: this.#overflows,
      disorder: ordered ? this.#disorder() : [],
      left: this.#left(),
    };
  }

  #connect(index: number): QueueClient {
    const port = (ports += 1);
    CONNECTIONS.set(port, { service: this.#service, consumer: index });
    const provider = this.#watched(pubsub(), index);
    const client = createClient(`pubsub://p?endpoint=127.0.0.1:${port}`, [provider], { clock: this.#clock });
    this.#clients.push(client);
    return client;
  }

  /** Records the room that the core gives to a consumer's driver. */
  #watched(provider: Provider, index: number): Provider {
    const allow = ({ maxOutstanding }: Flow): void => {
      this.#allowed[index] = Math.max(this.#allowed[index] ?? 0, maxOutstanding);
    };
    return {
      ...provider,
      connect: (url, context) => {
        const adapter = provider.connect(url, context);
        const openConsumer: QueueAdapter["openConsumer"] = (target, options) => {
          allow(options.flow);
          const driver = adapter.openConsumer(target, options);
          return watchedDriver(driver, allow, (change) => this.#service.ledger.underWay(index, change));
        };
        return new Proxy(adapter, {
          get: (of, name) => {
            if (name === "openConsumer") return openConsumer;
            const value: unknown = Reflect.get(of, name, of);
            return typeof value === "function" ? value.bind(of) : value;
          },
        });
      },
    };
  }

  async #handle({ id }: Body): Promise<void> {
    const message = this.#planned(id);
    const run = this.#runs.get(id) ?? 0;
    this.#runs.set(id, run + 1);
    const failure = message.failures[run];
    this.#running += 1;
    // Most runs are shorter than a step.
    this.#idleSinceMs = undefined;
    await this.#wait((failure ?? message).takesMs);
    this.#running -= 1;
    if (failure === undefined) this.#finished.push(id);
    else if (failure.retryDelayMs === undefined) throw new Error("a planned failure");
    else throw new RetryError({ delay: `${failure.retryDelayMs}ms` });
  }

  #planned(id: string): PlannedMessage {
    const message = this.#schedule.messages.find((one) => one.id === id);
    if (message === undefined) throw new Error(`nobody sent ${id}`);
    return message;
  }

  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.setTimer(resolve, ms));
  }

  async #step(): Promise<void> {
    await this.#clock.advance(STEP_MS);
    this.#watchProgress();
    for (let index = 0; index < this.#schedule.consumers; index += 1) {
      const held = this.#service.ledger.count(index);
      // Streams also have room for settlements under way, in powers of two; see docs/decisions/0020.
      const headroom = nextPowerOfTwo(this.#service.ledger.mostSettling(index));
      const allowed = (this.#allowed[index] ?? 0) + headroom;
      if (held > allowed)
        this.#overflows.push(`consumer ${index} holds ${held} of ${allowed} at ${this.#clock.now()} ms`);
    }
  }

  #watchProgress(): void {
    const nowMs = this.#clock.now();
    if (this.#running > 0 || this.#left() === 0) this.#idleSinceMs = undefined;
    else {
      this.#idleSinceMs ??= nowMs;
      this.#longestIdleMs = Math.max(this.#longestIdleMs, nowMs - this.#idleSinceMs);
    }
  }

  #isDone(): boolean {
    return this.#left() === 0 && this.#schedule.messages.every(({ id }) => this.#finished.includes(id));
  }

  #left(): number {
    return this.#service.subscription("projects/p/subscriptions/orders").backlog.size;
  }

  /** The messages of a key must be finished, each for the first time, in the order of sending. */
  #disorder(): readonly string[] {
    const firsts = [...new Set(this.#finished)];
    const keys = new Set(this.#schedule.messages.map(({ key }) => key));
    return [...keys].flatMap((key) => {
      const sent = this.#schedule.messages.filter((one) => one.key === key).map(({ id }) => id);
      const done = firsts.filter((id) => sent.includes(id));
      const isInOrder = done.every((id, index) => sent.indexOf(id) === index);
      return isInOrder ? [] : [`${key}: sent ${sent.join(" ")}, finished ${done.join(" ")}`];
    });
  }

  /** Lets time pass until something is settled. */
  async #drive(work: Promise<unknown>): Promise<void> {
    let isSettled = false;
    void work.finally(() => {
      isSettled = true;
    });
    for (let steps = 0; !isSettled && steps < PATIENCE_MS / STEP_MS; steps += 1)
      await this.#clock.advance(STEP_MS);
    if (!isSettled) throw new Error("it did not end");
  }
}

function nextPowerOfTwo(count: number): number {
  return count === 0 ? 0 : 2 ** Math.ceil(Math.log2(count));
}

function keyOf({ messages }: Schedule, id: string): string {
  return messages.find((message) => message.id === id)?.key ?? "none";
}
