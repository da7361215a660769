import assert from "node:assert/strict";
import { createClient, type ClientOptions, type QueueClient } from "@anyqueue/core";
import type { Clock, Provider, QueueAdapter } from "@anyqueue/core/adapter";
import type { EventLog } from "./event-log.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { faulty } from "./faulty.ts";
import type { Backend } from "./harness.ts";
import type { TestQueue } from "./test-queue.ts";

/** How a client differs from the usual one. */
export interface ConnectOptions extends Pick<ClientOptions, "middleware" | "send"> {
  readonly provider?: Provider;
  readonly url?: string;
}

/** Makes the clients of one case: their drivers follow the fault plan, and they use the case's time. */
export class CaseClients {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #plan: FaultPlan;
  readonly #events: EventLog;
  readonly #clients: QueueClient[] = [];

  constructor(backend: Backend, clock: Clock, plan: FaultPlan, events: EventLog) {
    this.#backend = backend;
    this.#clock = clock;
    this.#plan = plan;
    this.#events = events;
  }

  connect(queues: readonly TestQueue[], options: ConnectOptions = {}): QueueClient {
    return this.#make(queues, options, () => undefined);
  }

  /** The adapter of a client that is not used otherwise. */
  adapter(queue: TestQueue): QueueAdapter {
    let adapter: QueueAdapter | undefined;
    this.#make([queue], {}, (connected) => {
      adapter = connected;
    });
    assert.ok(adapter, "a client connects when it is made");
    return adapter;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close({ timeout: "1s" })));
  }

  #make(
    queues: readonly TestQueue[],
    { provider, url, ...options }: ConnectOptions,
    onConnect: (adapter: QueueAdapter) => void,
  ): QueueClient {
    const listener = this.#events.listener();
    const client = createClient(
      {
        url: url ?? this.#backend.url,
        queues: Object.fromEntries(queues.map((queue) => [queue.name, entityConfig(queue)])),
      },
      [this.#wrap(provider ?? this.#backend.provider(), onConnect)],
      { clock: this.#clock, listener, ...options },
    );
    const hosted =
      this.#backend.hostFunctions?.(client, {
        clock: this.#clock,
        listener,
        middleware: options.middleware,
        queues: new Map(queues.map((queue) => [queue.name, queue])),
      }) ?? client;
    this.#clients.push(hosted);
    return hosted;
  }

  #wrap(provider: Provider, onConnect: (adapter: QueueAdapter) => void): Provider {
    return {
      ...provider,
      clock: this.#clock,
      connect: (url, context) => {
        const adapter = faulty(provider.connect(url, context), this.#plan);
        onConnect(adapter);
        return adapter;
      },
    };
  }
}

function entityConfig(queue: TestQueue): { readonly name: string; readonly deadLetter?: string } {
  return {
    name: queue.entity,
    ...(queue.deadLetterEntity === undefined ? {} : { deadLetter: queue.deadLetterEntity }),
  };
}
