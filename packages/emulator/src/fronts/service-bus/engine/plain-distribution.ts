import { Deque } from "../../../collections/deque.ts";
import { ConsumerLine } from "./consumer-line.ts";
import type { Consumer, ConsumerHandle } from "./contract.ts";
import type { Distribution, DistributionHost } from "./distribution.ts";
import type { EngineError } from "./engine-error.ts";
import { ReadyLine } from "./ready-line.ts";
import type { StoredMessage } from "./stored-message.ts";

/** Distributes one line of messages among competing consumers. */
export class PlainDistribution implements Distribution {
  readonly #host: DistributionHost;
  readonly #ready = new ReadyLine();
  readonly #again = new Deque<StoredMessage>();
  readonly #consumers = new ConsumerLine();
  #isPumping = false;

  constructor(host: DistributionHost) {
    this.#host = host;
  }

  get consumerCount(): number {
    return this.#consumers.size;
  }

  attach(consumer: Consumer): ConsumerHandle {
    const seat = this.#consumers.add(consumer);
    const roomMade = (): void => {
      this.#consumers.wait(seat);
      this.pump();
    };
    roomMade();
    return {
      roomMade,
      close: () => {
        this.#consumers.remove(seat);
      },
    };
  }

  push(message: StoredMessage): void {
    this.#ready.push(message);
  }

  putBack(message: StoredMessage): void {
    this.#ready.putBack(message);
  }

  again(message: StoredMessage): void {
    this.#again.push(message);
  }

  removed(): void {
    this.#ready.trim();
  }

  /** If a consumer calls this while it is being served, the loop that is already running serves it. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#serveOne());
    } finally {
      this.#isPumping = false;
    }
  }

  end(error: EngineError): void {
    this.#consumers.end(error);
  }

  #serveOne(): boolean {
    const line = this.#again.size > 0 ? this.#again : this.#ready;
    if (line === this.#ready && this.#ready.peek() === undefined) return false;
    const seat = this.#consumers.next();
    if (seat === undefined) return false;
    const message = line.shift();
    if (message !== undefined && isStillDue(message, line === this.#again))
      this.#host.handOut(message, seat.consumer, undefined);
    this.#consumers.wait(seat);
    return true;
  }
}

/** A message due to be delivered twice may meanwhile be settled, or back in the line. */
function isStillDue(message: StoredMessage, isAgain: boolean): boolean {
  return !isAgain || message.state === "locked";
}
