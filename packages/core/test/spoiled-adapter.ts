import type { Provider } from "../src/client/provider.ts";
import type { Capabilities } from "../src/driver/capabilities.ts";
import type { Delivery, OutgoingMessage } from "../src/driver/delivery.ts";
import type { ConsumerDriver, ItemResult, QueueAdapter } from "../src/driver/driver.ts";
import type { Clock } from "../src/time/clock.ts";
import { fakeAdapter, fakeTarget } from "./fake-adapter.ts";

/** Replaces what a method of the adapter answers. `right` gives the right answer, and takes its effect. */
export type Spoil = (right: () => unknown, args: readonly unknown[]) => unknown;

export interface Spoiled {
  /** By method: `"receiveBatch"`. Each connection makes its own. */
  readonly spoils?: Readonly<Record<string, () => Spoil>>;
  readonly capabilities?: Partial<Capabilities>;
  readonly limits?: Readonly<Record<string, unknown>>;
  /** Removes methods. */
  readonly without?: readonly string[];
}

interface Stored {
  readonly message: OutgoingMessage;
  readonly providerId: string;
  token: number;
  untilMs: number;
  count: number;
}

const LEASE_MS = 30_000;
const DONE: ItemResult = { ok: true, value: undefined };
const LOST: ItemResult = { ok: false, error: { code: "LEASE_LOST" } };

/** A correct service, reached by an adapter that breaks the contract in chosen ways. */
export class SpoiledService {
  readonly stored: Stored[] = [];
  /** Ids of the messages that were acked. */
  readonly acked: string[] = [];
  readonly #clock: Clock;
  readonly #spoiled: Spoiled;
  readonly #made = new Map<string, Spoil>();
  #last = 0;

  constructor(clock: Clock, spoiled: Spoiled) {
    this.#clock = clock;
    this.#spoiled = spoiled;
  }

  readonly provider: Provider<"fake"> = { scheme: "fake", connect: () => this.#connect() };

  #connect(): QueueAdapter {
    const { capabilities, limits } = this.#spoiled;
    const options = {
      capabilities: { deadLetter: "native", followers: "release", ...capabilities } as const,
      limits: { ...limits },
    };
    return this.#spoil({
      ...fakeAdapter(),
      classify: (error) => ({
        code: (error as { readonly code?: unknown }).code === "LEASE_LOST" ? "LEASE_LOST" : "INTERNAL",
        retryable: false,
      }),
      resolve: (ref) => fakeTarget(ref, options),
      probe: async () => ({ facts: { unknown: [] } }),
      openProducer: () =>
        this.#spoil({
          sizeOf: ({ body }: OutgoingMessage) => body.byteLength,
          sendBatch: async (messages: readonly OutgoingMessage[]) => messages.map((one) => this.#store(one)),
          close: async () => {},
        }),
      openConsumer: () => this.#spoil(this.#consumer()),
      close: async () => {},
    });
  }

  #store(message: OutgoingMessage): ItemResult<{ readonly providerId: string }> {
    const providerId = `p-${(this.#last += 1)}`;
    this.stored.push({ message, providerId, token: 0, untilMs: 0, count: 0 });
    return { ok: true, value: { providerId } };
  }

  #consumer(): ConsumerDriver<number> {
    return {
      setFlow: async () => {},
      receiveBatch: async ({ maxItems, waitMs }, signal) => {
        const taken = this.#take(maxItems);
        if (taken.length === 0 && waitMs > 0) await this.#wait(waitMs, signal);
        return taken.length === 0 && !signal.aborted ? this.#take(maxItems) : taken;
      },
      ackBatch: async (handles) => handles.map((handle) => this.#ack(handle)),
      releaseBatch: async (items) => items.map(({ handle }) => this.#settle(handle, false)),
      deadLetterBatch: async (items) => items.map(({ handle }) => this.#settle(handle, true)),
      extendBatch: async (items) =>
        items.map(({ handle, leaseMs }) => {
          const found = this.#held(handle);
          if (found === undefined) return LOST as ItemResult<never>;
          found.untilMs = this.#clock.now() + leaseMs;
          return { ok: true, value: { leaseMs } };
        }),
      close: async () => {},
    };
  }

  #held(handle: number): Stored | undefined {
    return this.stored.find(({ token, untilMs }) => token === handle && untilMs > this.#clock.now());
  }

  #ack(handle: number): ItemResult {
    const id = this.#held(handle)?.message.id;
    if (id !== undefined) this.acked.push(id);
    return this.#settle(handle, true);
  }

  #settle(handle: number, isRemoved: boolean): ItemResult {
    const found = this.#held(handle);
    if (found === undefined) return LOST;
    found.untilMs = 0;
    if (isRemoved) this.stored.splice(this.stored.indexOf(found), 1);
    return DONE;
  }

  #take(maxItems: number): readonly Delivery<number>[] {
    const nowMs = this.#clock.now();
    const free = this.stored.filter(({ untilMs }) => untilMs <= nowMs).slice(0, maxItems);
    return free.map((one) => {
      one.token = this.#last += 1;
      one.untilMs = nowMs + LEASE_MS;
      one.count += 1;
      const { id, body, contentType, attributes } = one.message;
      const { providerId, count, token } = one;
      return {
        ...{ handle: token, id, providerId, body, contentType, attributes },
        ...{ deliveryCount: count, enqueuedAtMs: 1, leaseMs: LEASE_MS, native: undefined },
      };
    });
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(resolve, ms);
      signal.addEventListener("abort", () => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** One for the whole connection, so that what spoils the first calls counts those of all drivers. */
  #spoilOf(name: string): Spoil | undefined {
    const { spoils = {} } = this.#spoiled;
    const make = Object.hasOwn(spoils, name) ? spoils[name] : undefined;
    if (make === undefined) return undefined;
    const spoil = this.#made.get(name) ?? make();
    this.#made.set(name, spoil);
    return spoil;
  }

  #spoil<T extends object>(methods: T): T {
    const { without = [] } = this.#spoiled;
    const entries = Object.entries(methods).filter(([name]) => !without.includes(name));
    return Object.fromEntries(
      entries.map(([name, method]: [string, unknown]) => {
        const spoil = this.#spoilOf(name);
        if (spoil === undefined || typeof method !== "function") return [name, method];
        return [name, (...args: readonly unknown[]) => spoil(() => method(...args) as unknown, args)];
      }),
    ) as T;
  }
}
