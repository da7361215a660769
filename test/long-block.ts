import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Socket } from "node:net";
import { onTestFinished, vi } from "vitest";

const SOCKETS = "net.client.socket";
/** So long the event loop is really blocked: long enough for an answer to arrive. */
const REALLY_MS = 100;

const realNow = performance.now.bind(performance);

/** A timer of Node, with the inner fields that make it fire sooner. */
type OpenTimer = NodeJS.Timeout & { _idleTimeout: number; readonly _destroyed: boolean };

/** Makes the event loop of this process stand still, as a long synchronous handler does. */
export class LongBlock {
  readonly #sockets = new Set<Socket>();
  readonly #dueAtMs = new Map<OpenTimer, number>();
  #skippedMs = 0;

  /** Watches the timers and the client sockets that are made from now on, until the test ends. */
  constructor() {
    vi.spyOn(performance, "now").mockImplementation(() => this.#nowMs());
    const timeout = globalThis.setTimeout;
    const watched = (callback: () => void, ms = 0, ...rest: unknown[]): unknown => {
      const timer = Reflect.apply(timeout, globalThis, [callback, ms, ...rest]) as OpenTimer;
      this.#dueAtMs.set(timer, this.#nowMs() + ms);
      return timer;
    };
    vi.spyOn(globalThis, "setTimeout").mockImplementation(watched as typeof setTimeout);
    const seen = (message: unknown): void => {
      const socket: unknown = Reflect.get(Object(message), "socket");
      if (socket instanceof Socket) this.#sockets.add(socket);
    };
    subscribe(SOCKETS, seen);
    onTestFinished(() => void unsubscribe(SOCKETS, seen));
  }

  /** Blocks for `ms` as soon as a request has left, so that its answer can only be read afterwards. */
  async onceWritten(ms: number): Promise<void> {
    const before = this.#written();
    while (this.#written() === before) await new Promise(setImmediate);
    this.#spin(REALLY_MS);
    this.#skippedMs += ms - REALLY_MS;
    for (const [timer, dueAtMs] of this.#dueAtMs) {
      if (timer._destroyed) this.#dueAtMs.delete(timer);
      else {
        timer._idleTimeout = Math.max(1, dueAtMs - this.#nowMs());
        timer.refresh();
      }
    }
    this.#spin(2); // what is overdue is due at once
  }

  #nowMs(): number {
    return realNow() + this.#skippedMs;
  }

  #spin(ms: number): void {
    const endMs = realNow() + ms;
    while (realNow() < endMs) continue;
  }

  #written(): number {
    let bytes = 0;
    for (const socket of this.#sockets) bytes += socket.bytesWritten;
    return bytes;
  }
}
