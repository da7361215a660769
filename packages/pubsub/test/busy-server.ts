import type { QueueAdapter } from "@anyqueue/core/adapter";
import { afterEach, beforeEach } from "vitest";
import { never, openAdapter, outgoing, queue } from "./open-adapter.ts";
import { ScriptedServer } from "./scripted-server.ts";

/** A new server per test, which takes few calls at a time, as Google's does; and adapters that reach it. */
class BusyServer {
  server!: ScriptedServer;
  readonly #adapters: QueueAdapter[] = [];

  async start(): Promise<void> {
    this.server = await ScriptedServer.start({ "grpc.max_concurrent_streams": 100 });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#adapters.splice(0).map(async (adapter) => await adapter.close()));
    this.server.close();
  }

  /** Opens an adapter, which `stop` closes. */
  connect(...args: Parameters<typeof openAdapter>): QueueAdapter {
    const adapter = openAdapter(...args);
    this.#adapters.push(adapter);
    return adapter;
  }
}

export function useBusyServer(): BusyServer {
  const busy = new BusyServer();
  beforeEach(async () => await busy.start());
  afterEach(async () => await busy.stop());
  return busy;
}

/** Sends one message to the queue. */
export async function sendOne(adapter: QueueAdapter): Promise<unknown> {
  return await adapter.openProducer(queue(adapter)).sendBatch([outgoing("1")], never);
}
