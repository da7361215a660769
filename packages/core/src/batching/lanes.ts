import type { ItemResult } from "../driver/driver.ts";
import type { Epoch } from "./epochs.ts";
import { Fifo } from "./fifo.ts";

export interface Entry<Item, Value> {
  readonly item: Item;
  readonly bytes: number;
  readonly lane: Lane<Item, Value>;
  readonly epoch: Epoch;
  readonly resolve: ((result: ItemResult<Value>) => void) | undefined;
}

/** The items of one key, in order; the lane without a key holds all that needs no order. */
export interface Lane<Item, Value> {
  readonly key: string | undefined;
  readonly waiting: Fifo<Entry<Item, Value>>;
  waitingBytes: number;
  /** Batches in flight that hold items of this lane. */
  inFlight: number;
  deferred: number;
  /** True while it is in the list of ready lanes. */
  isListed: boolean;
}

/** Bounds of one batch; `bytes` without the overhead. */
export interface BatchRoom {
  readonly items: number;
  readonly bytes: number;
  /** True: one batch holds one key only. */
  readonly isUniform: boolean;
}

/** Items by key: which may go now, and the next batch of them. A key with a batch in flight is not ready. */
export class Lanes<Item, Value> {
  readonly #room: BatchRoom;
  readonly #unkeyed: Lane<Item, Value> = createLane(undefined);
  readonly #keyed = new Map<string, Lane<Item, Value>>();
  /** Longest waiting first. */
  readonly #ready = new Fifo<Lane<Item, Value>>();
  #readyItems = 0;
  #readyBytes = 0;

  constructor(room: BatchRoom) {
    this.#room = room;
  }

  get readyLanes(): number {
    return this.#ready.length;
  }

  laneOf(key: string | undefined): Lane<Item, Value> {
    if (key === undefined) return this.#unkeyed;
    const known = this.#keyed.get(key);
    if (known !== undefined) return known;
    const lane = createLane<Item, Value>(key);
    this.#keyed.set(key, lane);
    return lane;
  }

  append(entry: Entry<Item, Value>): void {
    entry.lane.waiting.push(entry);
    this.#grow(entry.lane, 1, entry.bytes);
  }

  prepend(lane: Lane<Item, Value>, entries: readonly Entry<Item, Value>[]): void {
    lane.waiting.pushFront(entries);
    this.#grow(
      lane,
      entries.length,
      entries.reduce((sum, entry) => sum + entry.bytes, 0),
    );
  }

  /** Makes a lane ready if it has items and none of its key are under way; forgets it if it is empty. */
  refresh(lane: Lane<Item, Value>): void {
    const isBlocked = lane.key !== undefined && (lane.inFlight > 0 || lane.deferred > 0);
    if (lane.isListed || isBlocked) return;
    if (lane.waiting.length === 0) {
      if (lane.key !== undefined) this.#keyed.delete(lane.key);
      return;
    }
    lane.isListed = true;
    this.#ready.push(lane);
    this.#readyItems += lane.waiting.length;
    this.#readyBytes += lane.waitingBytes;
  }

  first(): Lane<Item, Value> | undefined {
    return this.#ready.peek();
  }

  /** Moves the first ready lane to the end. */
  skip(): void {
    const lane = this.#ready.take();
    if (lane !== undefined) this.#ready.push(lane);
  }

  /** True: a batch that begins with this lane would be full. */
  isFull(lane: Lane<Item, Value>): boolean {
    const items = this.#room.isUniform ? lane.waiting.length : this.#readyItems;
    const bytes = this.#room.isUniform ? lane.waitingBytes : this.#readyBytes;
    return items >= this.#room.items || bytes >= this.#room.bytes;
  }

  /** Takes one batch, beginning with the first ready lane; an item larger than the room goes alone. */
  takeBatch(): Entry<Item, Value>[] {
    let batch: Entry<Item, Value>[] = [];
    let bytes = 0;
    for (let lane = this.#ready.peek(); lane !== undefined; lane = this.#ready.peek()) {
      const bytesBefore = bytes;
      let count = 0;
      let next = lane.waiting.peek();
      while (next !== undefined && this.#hasRoom(batch.length + count, bytes, next)) {
        count += 1;
        bytes += next.bytes;
        next = lane.waiting.at(count);
      }
      const taken = lane.waiting.takeMany(count);
      if (batch.length === 0) batch = taken;
      else batch.push(...taken);
      this.#grow(lane, -count, bytesBefore - bytes);
      const isEmpty = lane.waiting.length === 0;
      if (isEmpty || (lane.key !== undefined && count > 0)) this.#unlistFirst(lane);
      if (!isEmpty || this.#room.isUniform) break;
    }
    return batch;
  }

  #hasRoom(items: number, bytes: number, next: Entry<Item, Value>): boolean {
    return items === 0 || (items < this.#room.items && bytes + next.bytes <= this.#room.bytes);
  }

  #grow(lane: Lane<Item, Value>, items: number, bytes: number): void {
    lane.waitingBytes += bytes;
    if (lane.isListed) {
      this.#readyItems += items;
      this.#readyBytes += bytes;
    } else {
      this.refresh(lane);
    }
  }

  #unlistFirst(lane: Lane<Item, Value>): void {
    this.#ready.take();
    lane.isListed = false;
    this.#readyItems -= lane.waiting.length;
    this.#readyBytes -= lane.waitingBytes;
  }
}

function createLane<Item, Value>(key: string | undefined): Lane<Item, Value> {
  return { key, waiting: new Fifo(), waitingBytes: 0, inFlight: 0, deferred: 0, isListed: false };
}
