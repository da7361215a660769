import { Deque } from "../../../collections/deque.ts";
import type { Consumer } from "./contract.ts";
import type { EngineError } from "./engine-error.ts";

/** A consumer's place among competing consumers. */
export interface Seat {
  readonly consumer: Consumer;
  /** The seat is in the line, where it is at most once. */
  isWaiting: boolean;
  isClosed: boolean;
}

/** Consumers with room, in the order in which they got it. A served consumer goes to the end of the line. */
export class ConsumerLine {
  readonly #seats = new Set<Seat>();
  readonly #waiting = new Deque<Seat>();

  get size(): number {
    return this.#seats.size;
  }

  add(consumer: Consumer): Seat {
    const seat: Seat = { consumer, isWaiting: false, isClosed: false };
    this.#seats.add(seat);
    return seat;
  }

  remove(seat: Seat): void {
    seat.isClosed = true;
    this.#seats.delete(seat);
    if (!seat.isWaiting) return;
    // Removed at once, because `next` does not clean up on an idle queue while clients come and go.
    for (let left = this.#waiting.size; left > 0; left -= 1) {
      const other = this.#waiting.shift();
      if (other !== undefined && other !== seat) this.#waiting.push(other);
    }
  }

  /** Adds a seat to the line if it has room. */
  wait(seat: Seat): void {
    if (seat.isWaiting || seat.isClosed || !seat.consumer.hasRoom()) return;
    seat.isWaiting = true;
    this.#waiting.push(seat);
  }

  /** Takes the first seat with room out of the line. */
  next(): Seat | undefined {
    for (;;) {
      const seat = this.#waiting.shift();
      if (seat === undefined) return undefined;
      seat.isWaiting = false;
      if (!seat.isClosed && seat.consumer.hasRoom()) return seat;
    }
  }

  end(error: EngineError): void {
    for (const seat of [...this.#seats]) {
      this.remove(seat);
      seat.consumer.end(error);
    }
  }
}
