import type { ItemResult } from "../driver/driver.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { soon } from "../time/soon.ts";
import { Epochs } from "./epochs.ts";
import { Lanes, type Entry, type Lane } from "./lanes.ts";

export interface BatcherOptions<Item, Value> {
  readonly maxItems: number;
  /** @default no bound: only the count matters */
  readonly maxBytes?: number;
  /** @default 0 */
  readonly overheadBytes?: number;
  readonly maxInFlight: number;
  /** Bytes of an item. @default 0 */
  readonly sizeOf?: (item: Item) => number;
  /** One batch in flight per key; undefined = no order to keep. */
  readonly keyOf?: (item: Item) => string | undefined;
  /** True: one batch holds one key only. */
  readonly uniformKey?: boolean;
  /** Longest wait for more while idle; 0: items go out at once. @default 0 */
  readonly lingerMs?: number;
  /** Longest wait for more while batches are out, so that a hanging one holds up nothing. @default 100 */
  readonly gatherMs?: number;
  readonly clock: Clock;
  /**
   * Never rejects. Resolves with one result per item, in their order. `undefined` defers an item until the
   * owner gives it back with `requeue`; its key stays blocked until then, so that no later item overtakes it.
   */
  readonly run: (items: readonly Item[]) => Promise<readonly (ItemResult<Value> | undefined)[]>;
  /** Gets the result of every item given to `push`, without a promise per item. Must not throw. */
  readonly onResult?: (item: Item, result: ItemResult<Value>) => void;
}

/** Gathers items into batches: at once when idle (those of one tick together), up to the limits when busy. */
export interface Batcher<Item, Value> {
  /** @throws CLOSED */
  add(item: Item): Promise<ItemResult<Value>>;
  /** As `add`, but the result goes to `onResult`. @throws CLOSED */
  push(item: Item): void;
  /** Puts deferred items back at the front, in this order. */
  requeue(items: readonly Item[]): void;
  /** Items that have no result yet. */
  readonly pendingItems: number;
  readonly pendingBytes: number;
  /** Sends waiting items at once. Resolves when all items that were added before have their results. */
  flush(): Promise<void>;
  /** Refuses further items, and flushes. */
  close(): Promise<void>;
}

export function createBatcher<Item, Value>(options: BatcherOptions<Item, Value>): Batcher<Item, Value> {
  return new LaneBatcher(options);
}

const DEFAULT_GATHER_MS = 100;

class LaneBatcher<Item, Value> implements Batcher<Item, Value> {
  readonly #options: BatcherOptions<Item, Value>;
  readonly #lanes: Lanes<Item, Value>;
  readonly #deferred = new Map<Item, Entry<Item, Value>>();
  readonly #epochs = new Epochs();
  #inFlight = 0;
  #timer: Timer | undefined;
  /** True: the waiting items have waited long enough. */
  #isOverdue = false;
  #isPumpScheduled = false;
  #isArming = false;
  #isClosed = false;
  pendingItems = 0;
  pendingBytes = 0;

  constructor(options: BatcherOptions<Item, Value>) {
    this.#options = options;
    this.#lanes = new Lanes({
      items: options.maxItems,
      bytes: (options.maxBytes ?? Number.POSITIVE_INFINITY) - (options.overheadBytes ?? 0),
      isUniform: options.uniformKey ?? false,
    });
  }

  async add(item: Item): Promise<ItemResult<Value>> {
    this.#assertOpen();
    return await new Promise<ItemResult<Value>>((resolve) => {
      this.#enter(item, resolve);
    });
  }

  push(item: Item): void {
    this.#assertOpen();
    this.#enter(item, undefined);
  }

  requeue(items: readonly Item[]): void {
    const byLane = new Map<Lane<Item, Value>, Entry<Item, Value>[]>();
    for (const item of items) {
      const entry = this.#takeDeferred(item);
      if (entry === undefined) continue;
      const entries = byLane.get(entry.lane);
      if (entries === undefined) byLane.set(entry.lane, [entry]);
      else entries.push(entry);
    }
    for (const [lane, entries] of byLane) this.#lanes.prepend(lane, entries);
    this.#isOverdue = true; // they have waited for their back-off already
    this.#schedulePump();
  }

  async flush(): Promise<void> {
    const done = this.#epochs.seal();
    this.#schedulePump();
    await done;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    this.#disarm();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new QueueError("CLOSED", { what: "nothing can be added after close()" });
  }

  #enter(item: Item, resolve: Entry<Item, Value>["resolve"]): void {
    const bytes = this.#options.sizeOf?.(item) ?? 0;
    const lane = this.#lanes.laneOf(this.#options.keyOf?.(item));
    this.pendingItems += 1;
    this.pendingBytes += bytes;
    this.#lanes.append({ item, bytes, lane, epoch: this.#epochs.enter(), resolve });
    this.#schedulePump();
  }

  /** A microtask later, so that items that are added in one tick share a batch. */
  #schedulePump(): void {
    if (this.#isPumpScheduled) return;
    this.#isPumpScheduled = true;
    soon(this.#pumpLater);
  }

  /** Created once: a function that may create a closure pays for it on each call, even on an early return. */
  readonly #pumpLater = (): void => {
    this.#isPumpScheduled = false;
    this.#pump();
  };

  #pump(): void {
    let skipped = 0;
    while (this.#inFlight < this.#options.maxInFlight && this.#lanes.readyLanes > skipped) {
      const lane = this.#lanes.first();
      if (lane === undefined) break;
      if (this.#isDue(lane)) {
        this.#send();
      } else if (this.#options.uniformKey === true) {
        this.#lanes.skip(); // each key decides for itself
        skipped += 1;
      } else {
        break;
      }
    }
    if (this.#lanes.readyLanes === 0) this.#isOverdue = false;
    this.#arm();
  }

  #isDue(lane: Lane<Item, Value>): boolean {
    if (this.#isOverdue || this.#epochs.isFlushing) return true;
    return (this.#isIdle(lane) && this.#lingerMs === 0) || this.#lanes.isFull(lane);
  }

  #isIdle(lane: Lane<Item, Value>): boolean {
    return (this.#options.uniformKey === true ? lane.inFlight : this.#inFlight) === 0;
  }

  get #lingerMs(): number {
    return this.#options.lingerMs ?? 0;
  }

  #send(): void {
    const batch = this.#lanes.takeBatch();
    const lanes = lanesOf(batch);
    for (const lane of lanes) lane.inFlight += 1;
    this.#inFlight += 1;
    void this.#run(batch, lanes);
  }

  async #run(batch: readonly Entry<Item, Value>[], lanes: Iterable<Lane<Item, Value>>): Promise<void> {
    let results: readonly (ItemResult<Value> | undefined)[];
    try {
      results = await this.#options.run(batch.map((entry) => entry.item));
    } catch (error) {
      results = batch.map(() => ({ ok: false, error }));
    }
    this.#inFlight -= 1;
    for (const lane of lanes) lane.inFlight -= 1;
    // Deferred items first: whoever gets a result may add an item at once, which must not overtake them.
    batch.forEach((entry, index) => {
      if (results[index] === undefined) this.#defer(entry);
    });
    batch.forEach((entry, index) => {
      const result = results[index];
      if (result !== undefined) this.#finish(entry, result);
    });
    for (const lane of lanes) this.#lanes.refresh(lane);
    this.#schedulePump();
  }

  #defer(entry: Entry<Item, Value>): void {
    this.#deferred.set(entry.item, entry);
    entry.lane.deferred += 1;
  }

  #takeDeferred(item: Item): Entry<Item, Value> | undefined {
    const entry = this.#deferred.get(item);
    if (entry === undefined) return undefined;
    this.#deferred.delete(item);
    entry.lane.deferred -= 1;
    return entry;
  }

  #finish(entry: Entry<Item, Value>, result: ItemResult<Value>): void {
    this.pendingItems -= 1;
    this.pendingBytes -= entry.bytes;
    if (entry.resolve === undefined) this.#options.onResult?.(entry.item, result);
    else entry.resolve(result);
    this.#epochs.leave(entry.epoch);
  }

  /** Sets one timer for all items that wait although a batch could go. */
  #arm(): void {
    if (!this.#isHeldBack) {
      this.#disarm();
    } else if (this.#inFlight === 0) {
      this.#setTimer(this.#lingerMs);
    } else if (this.#timer === undefined && !this.#isArming) {
      // Who sends one after the other adds the next while the batch before it, answered, still ends: no timer is set for that.
      this.#isArming = true;
      process.nextTick(this.#armLater);
    }
  }

  readonly #armLater = (): void => {
    this.#isArming = false;
    if (this.#isHeldBack) this.#setTimer(this.#options.gatherMs ?? DEFAULT_GATHER_MS);
  };

  /** True: something waits although a batch could go. */
  get #isHeldBack(): boolean {
    return this.#lanes.readyLanes > 0 && this.#inFlight < this.#options.maxInFlight;
  }

  #setTimer(waitMs: number): void {
    this.#timer ??= this.#options.clock.setTimer(
      () => {
        this.#timer = undefined;
        this.#isOverdue = true;
        this.#pump();
      },
      waitMs,
      true, // these items may be all that keeps the process alive
    );
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** The lanes of a batch: just one where no order is kept, without a `Set` for a batch of hundreds. */
function lanesOf<Item, Value>(batch: readonly Entry<Item, Value>[]): Iterable<Lane<Item, Value>> {
  const [first] = batch;
  if (first === undefined) return [];
  const isOne = batch.every(({ lane }) => lane === first.lane);
  return isOne ? [first.lane] : new Set(batch.map(({ lane }) => lane));
}
