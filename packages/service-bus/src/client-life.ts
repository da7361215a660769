import { AsyncLocalStorage } from "node:async_hooks";
import type { Socket } from "node:net";
import type { ServiceBusClient } from "@azure/service-bus";

/** One client of the SDK, from its first use until its connection dies. */
export class ClientLife {
  readonly sockets = new Set<Socket>();
  /** Aborts what still waits for the service when the client has ended. */
  readonly ending = new AbortController();
  /** Aborts requests that nobody can answer: the connection is dead, or closed. */
  readonly over = new AbortController();
  client: Promise<ServiceBusClient> | undefined;
  /**
   * Its connection has carried an answer. Whatever is aborted before then leaves the connection half open, and all who
   * share it wait a minute for it (rhea-promise 3.0.3, seen against the emulator).
   */
  isProven = false;
  /** It shows its sockets, or when it opens one: whatever else is opened inside its calls, by a tracer, is none of its. */
  showsSockets = false;
  readonly #openings = new AsyncLocalStorage<{ isOver: boolean }>();
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** A socket that is opened here, inside its calls, is its own as far as can be told. */
  get opensHere(): boolean {
    return !this.showsSockets || this.#openings.getStore()?.isOver === false;
  }

  /** Runs what opens a socket that is not shown, until that says that it is open. */
  opening<Value>(open: (opened: () => void) => Value): Value {
    this.showsSockets = true;
    const opening = { isOver: false };
    return this.#openings.run(opening, () =>
      open(() => {
        opening.isOver = true;
      }),
    );
  }

  /** Nobody uses it any more. Not waited for: a client whose connection is dead takes its time to close. */
  end(): void {
    this.#isOver = true;
    this.over.abort();
    for (const socket of this.sockets) socket.destroy(overError());
    void this.client
      ?.then((client) => client.close())
      .catch(() => {})
      .finally(() => this.ending.abort());
  }

  /** For a socket that the SDK opens after the end: its receivers would connect again for ever. */
  refuse(socket: Socket): void {
    socket.on("error", () => {});
    // Node tells of a socket before it connects it, which would bring it back to life.
    process.nextTick(() => socket.destroy(overError()));
  }
}

/** As the system would put it: the SDK passes on what it does not know as an error without a meaning. */
function overError(): Error {
  const error = new Error("the Service Bus connection is over");
  return Object.assign(error, { code: "ECONNRESET", errno: -104, syscall: "read" });
}
