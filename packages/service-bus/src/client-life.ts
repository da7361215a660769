import { AsyncLocalStorage } from "node:async_hooks";
import type { Socket } from "node:net";
import { QueueError } from "@anyqueue/core/adapter";
import type { ServiceBusClient } from "@azure/service-bus";
import { BoundedWork } from "./bounded-work.ts";
import { PROVIDER } from "./refusal.ts";
import { resetError } from "./reset-error.ts";

/** One client of the SDK, from its first use until its connection dies. */
export class ClientLife {
  readonly sockets = new Set<Socket>();
  /** Callers that wait for its answers: the end of another client is none of theirs. */
  readonly bounded = new BoundedWork(abandoned);
  /** Once the client has ended, aborts whatever still waits for the service. */
  readonly ending = new AbortController();
  /** Aborts requests that can no longer be answered, because the connection is dead or closed. */
  readonly over = new AbortController();
  client: Promise<ServiceBusClient> | undefined;
  /**
   * True once its connection has carried an answer. An abort before that leaves the connection half open, and
   * everybody who shares it waits a minute for it (rhea-promise 3.0.3, seen against the emulator).
   */
  isProven = false;
  /** True if the SDK shows its sockets or their opening: any other socket in its calls is a tracer's. */
  showsSockets = false;
  readonly #openings = new AsyncLocalStorage<{ isOver: boolean }>();
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether a socket that is opened now, inside its calls, belongs to it, as far as can be told. */
  get opensHere(): boolean {
    return !this.showsSockets || this.#openings.getStore()?.isOver === false;
  }

  /** Runs `open`, whose socket is not shown: a socket opened before `opened` is called counts as its own. */
  opening<Value>(open: (opened: () => void) => Value): Value {
    this.showsSockets = true;
    const opening = { isOver: false };
    return this.#openings.run(opening, () =>
      open(() => {
        opening.isOver = true;
      }),
    );
  }

  /** Ends a client that nobody uses any more. Does not wait: closing takes long if the connection is dead. */
  end(): void {
    this.#isOver = true;
    this.over.abort();
    for (const socket of this.sockets) socket.destroy(overError());
    void this.client
      ?.then((client) => client.close())
      .catch(() => {})
      .finally(() => this.ending.abort());
  }

  /** Refuses a socket that the SDK opens after the end: otherwise its receivers would reconnect for ever. */
  refuse(socket: Socket): void {
    socket.on("error", () => {});
    // Node announces a socket before it connects it; connecting would revive a socket destroyed now.
    process.nextTick(() => socket.destroy(overError()));
  }
}

function abandoned(signal: AbortSignal): QueueError {
  return new QueueError("CANCELLED", {
    what: "given up before the service answered",
    provider: PROVIDER,
    ambiguous: true,
    cause: signal.reason,
  });
}

function overError(): Error {
  return resetError("the Service Bus connection is over");
}
