import type { ConsumerDriver, Flow } from "../driver/driver.ts";
import type { Room } from "./room.ts";
import type { Tally } from "./tally.ts";
import type { Worker } from "./worker.ts";

export interface ToldFlowOptions {
  readonly driver: ConsumerDriver<unknown>;
  readonly room: Pick<Room, "flow">;
  readonly worker: Pick<Worker, "outstanding">;
  readonly tally: Pick<Tally, "parked">;
  readonly onFault: (error: unknown) => void;
}

/** The driver is told a new flow when it has changed by this share. */
const STEP = 0.2;
const NOTHING: Flow = Object.freeze({ maxOutstanding: 0, lanes: 0 });

/** How much a driver whose broker pushes was told to take, and when it is told anew. */
export class ToldFlow {
  readonly #options: ToldFlowOptions;
  #flow = NOTHING;
  /** Parked deliveries that the flow has room for. */
  #parked = 0;
  #isOpen = false;

  constructor(options: ToldFlowOptions) {
    this.#options = options;
  }

  open(): void {
    this.#isOpen = true;
    this.renew();
  }

  /** From now on nothing raises the flow, until it is opened again. */
  close(): void {
    this.#isOpen = false;
    this.#tell(NOTHING);
  }

  renew(): void {
    if (this.#isOpen) this.#tell(this.#options.room.flow());
  }

  /** Raises the flow at once: others must not wait while busy keys or parked deliveries use it up. */
  grow(): void {
    const { driver, room, worker, tally } = this.#options;
    if (!this.#isOpen || driver.setFlow === undefined) return;
    const { maxOutstanding } = this.#flow;
    const isUsedUp = tally.parked > 0 && worker.outstanding >= maxOutstanding;
    const flow = room.flow();
    if (flow.maxOutstanding > maxOutstanding * (isUsedUp ? 1 : 1 + STEP)) this.#tell(flow);
  }

  /** Called before a delivery is settled. Told later, the broker would send a parked one here again, where it must wait. */
  left(): void {
    if (this.#options.tally.parked < this.#parked) this.fit();
  }

  fit(): void {
    const flow = this.#options.room.flow();
    const changed = Math.abs(flow.maxOutstanding - this.#flow.maxOutstanding);
    if (this.#isOpen && changed > this.#flow.maxOutstanding * STEP) this.#tell(flow);
  }

  #tell(flow: Flow): void {
    const { driver, tally } = this.#options;
    if (driver.setFlow === undefined) return;
    this.#flow = flow;
    this.#parked = tally.parked;
    void this.#set(flow);
  }

  /** Never rejects, and throws nothing at once. */
  async #set(flow: Flow): Promise<void> {
    const { driver, onFault } = this.#options;
    try {
      await driver.setFlow?.(flow, new AbortController().signal);
    } catch (error) {
      onFault(error);
    }
  }
}
