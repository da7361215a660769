import type { Delivery } from "../src/driver/delivery.ts";
import type {
  ConsumerDriver,
  ConsumerDriverOptions,
  DeadLetterItem,
  ExtendItem,
  Flow,
  ItemResult,
  Operation,
  ReceiveAsk,
  ReleaseItem,
} from "../src/driver/driver.ts";
import type { VirtualClock } from "../src/time/virtual-clock.ts";
import { FakeServiceError } from "./fake-adapter.ts";

/** One stored message of the fake queue. */
export interface FakeMessage {
  readonly id: string;
  readonly body: unknown;
  readonly key: string | undefined;
  readonly over: Partial<Delivery<string>>;
  handOvers: number;
  visibleAtMs: number;
  handle: string | undefined;
  deadReason: string | undefined;
  deadDescription: string | undefined;
}

export interface FakeCall {
  readonly operation: Operation;
  readonly atMs: number;
  /** The ids of the messages, or the numbers of an ask. */
  readonly items: readonly unknown[];
}

/** Replaces one call of an operation; `applied` runs the real effect and returns its results. */
export type FakeFault = (
  applied: () => readonly ItemResult<unknown>[],
) => Promise<readonly ItemResult<unknown>[]> | readonly ItemResult<unknown>[];

/** A queue on a virtual clock with real leases, delays and key order; it records every call. */
export class FakeQueue implements ConsumerDriver<string> {
  readonly #clock: VirtualClock;
  readonly #faults = new Map<Operation, FakeFault[]>();
  readonly #wakers = new Set<() => void>();
  #handles = 0;
  #leaseMs = 60_000;
  readonly calls: FakeCall[] = [];
  readonly flows: Flow[] = [];
  messages: FakeMessage[] = [];
  readonly acked: string[] = [];
  readonly dead: FakeMessage[] = [];
  /** True: settlements and renewals after the end of the lease succeed without an error. */
  isMute = false;
  asksOut = 0;
  mostAsksOut = 0;
  isClosed = false;
  options: ConsumerDriverOptions<string> | undefined;
  /** Errors that `open` throws, one per call. */
  openFailures: Error[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  connect(options: ConsumerDriverOptions<string>): this {
    this.options = options;
    this.#leaseMs = options.leaseMs;
    this.isClosed = false;
    return this;
  }

  put(id: string, body: unknown = { id }, over: Partial<Delivery<string>> = {}): FakeMessage {
    const message: FakeMessage = {
      id,
      body,
      key: over.orderingKey,
      over,
      handOvers: 0,
      visibleAtMs: 0,
      handle: undefined,
      deadReason: undefined,
      deadDescription: undefined,
    };
    this.messages.push(message);
    this.#wake();
    return message;
  }

  /** Applies these faults to the next calls of an operation, one per call. */
  failNext(operation: Operation, ...faults: readonly FakeFault[]): void {
    this.#faults.set(operation, [...(this.#faults.get(operation) ?? []), ...faults]);
  }

  count(operation: Operation): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  itemsOf(operation: Operation): readonly unknown[] {
    return this.calls.filter((call) => call.operation === operation).flatMap((call) => call.items);
  }

  /** The number of messages handed over and not settled. */
  get leased(): number {
    return this.messages.filter((message) => this.#isLeased(message)).length;
  }

  /** Ends leases early without reporting it, so that the messages are handed over again. */
  expire(...ids: readonly string[]): void {
    for (const message of this.messages) {
      if (ids.includes(message.id)) message.visibleAtMs = this.#clock.now();
    }
    this.#wake();
  }

  async open(): Promise<void> {
    const failure = this.openFailures.shift();
    if (failure !== undefined) throw failure;
  }

  async setFlow(flow: Flow): Promise<void> {
    this.flows.push(flow);
  }

  async receiveBatch(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<string>[]> {
    this.#record("receive", [ask.maxItems]);
    this.asksOut += 1;
    this.mostAsksOut = Math.max(this.mostAsksOut, this.asksOut);
    try {
      const fault = this.#faults.get("receive")?.shift();
      if (fault !== undefined) await fault(() => []);
      return await this.#waitForSome(ask, signal);
    } finally {
      this.asksOut -= 1;
    }
  }

  async ackBatch(handles: readonly string[]): Promise<readonly ItemResult[]> {
    return await this.#settle("ack", handles, (message) => {
      this.#remove(message);
      this.acked.push(message.id);
    });
  }

  async releaseBatch(items: readonly ReleaseItem<string>[]): Promise<readonly ItemResult[]> {
    this.released.push(...items.map((item) => ({ ...item, id: this.#idOf(item.handle) })));
    const delays = new Map(items.map((item) => [item.handle, item.delayMs]));
    const handles = items.map((item) => item.handle);
    return await this.#settle("release", handles, (message, handle) => {
      message.handle = undefined;
      message.visibleAtMs = this.#clock.now() + (delays.get(handle) ?? 0);
    });
  }

  readonly released: (ReleaseItem<string> & { readonly id: string })[] = [];

  async extendBatch(
    items: readonly ExtendItem<string>[],
  ): Promise<readonly ItemResult<{ readonly leaseMs: number }>[]> {
    const wanted = new Map(items.map((item) => [item.handle, item.leaseMs]));
    const handles = items.map((item) => item.handle);
    const results = await this.#settle("extend", handles, (message, handle) => {
      message.visibleAtMs = this.#clock.now() + (wanted.get(handle) ?? 0);
    });
    return results.map((result, index) =>
      result.ok ? { ok: true, value: { leaseMs: items[index]?.leaseMs ?? 0 } } : result,
    );
  }

  async deadLetterBatch(items: readonly DeadLetterItem<string>[]): Promise<readonly ItemResult[]> {
    const byHandle = new Map(items.map((item) => [item.handle, item]));
    const handles = items.map((item) => item.handle);
    return await this.#settle("deadLetter", handles, (message, handle) => {
      this.#remove(message);
      message.deadReason = byHandle.get(handle)?.reason;
      message.deadDescription = byHandle.get(handle)?.description;
      this.dead.push(message);
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  async #waitForSome(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly Delivery<string>[]> {
    const endsAtMs = this.#clock.now() + ask.waitMs;
    for (;;) {
      const taken = this.#take(ask.maxItems);
      const leftMs = endsAtMs - this.#clock.now();
      if (taken.length > 0 || leftMs <= 0 || signal.aborted) return taken;
      await this.#change(leftMs, signal);
    }
  }

  /** Resolves when a message arrives or becomes visible, the wait ends or the signal aborts. */
  async #change(leftMs: number, signal: AbortSignal): Promise<void> {
    const dueMs = this.messages
      .map((message) => message.visibleAtMs - this.#clock.now())
      .filter((ms) => ms > 0);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#wakers.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = this.#clock.setTimer(done, Math.min(leftMs, ...dueMs));
      this.#wakers.add(done);
      signal.addEventListener("abort", done);
    });
  }

  #wake(): void {
    for (const waker of this.#wakers) waker();
  }

  #take(maxItems: number): readonly Delivery<string>[] {
    const nowMs = this.#clock.now();
    const busyKeys = new Set<string>();
    const taken: Delivery<string>[] = [];
    for (const message of this.messages) {
      if (taken.length >= maxItems) break;
      const isFree = message.visibleAtMs <= nowMs;
      if (!isFree && message.key !== undefined) busyKeys.add(message.key);
      if (!isFree || (message.key !== undefined && busyKeys.has(message.key))) continue;
      taken.push(this.#handOver(message, nowMs));
    }
    return taken;
  }

  #handOver(message: FakeMessage, nowMs: number): Delivery<string> {
    this.#handles += 1;
    message.handle = `${message.id}#${this.#handles}`;
    message.handOvers += 1;
    message.visibleAtMs = nowMs + this.#leaseMs;
    return {
      handle: message.handle,
      id: message.id,
      providerId: `stored-${message.id}`,
      body:
        message.body instanceof Uint8Array
          ? message.body
          : new TextEncoder().encode(JSON.stringify(message.body)),
      contentType: "application/json",
      attributes: {},
      deliveryCount: message.handOvers,
      enqueuedAtMs: 1_000,
      leaseMs: this.#leaseMs,
      native: message,
      ...message.over,
    };
  }

  async #settle(
    operation: Operation,
    handles: readonly string[],
    apply: (message: FakeMessage, handle: string) => void,
  ): Promise<readonly ItemResult[]> {
    this.#record(
      operation,
      handles.map((handle) => this.#idOf(handle)),
    );
    const applied = (): readonly ItemResult[] =>
      handles.map((handle) => {
        const message = this.messages.find((one) => one.handle === handle);
        if (message === undefined || !this.#isLeased(message)) return this.isMute ? TAKEN : lost();
        apply(message, handle);
        this.#wake();
        return { ok: true, value: undefined };
      });
    const fault = this.#faults.get(operation)?.shift();
    if (fault === undefined) return applied();
    return (await fault(applied)) as readonly ItemResult[];
  }

  #isLeased(message: FakeMessage): boolean {
    return message.handle !== undefined && message.visibleAtMs > this.#clock.now();
  }

  #remove(message: FakeMessage): void {
    this.messages = this.messages.filter((one) => one !== message);
    message.handle = undefined;
  }

  #idOf(handle: string): string {
    return handle.split("#")[0] ?? "";
  }

  #record(operation: Operation, items: readonly unknown[]): void {
    this.calls.push({ operation, atMs: this.#clock.now(), items });
  }
}

const TAKEN: ItemResult = { ok: true, value: undefined };

function lost(): ItemResult {
  return { ok: false, error: new FakeServiceError({ code: "LEASE_LOST", retryable: false }) };
}
