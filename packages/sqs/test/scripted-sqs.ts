import type { QueueAdapter } from "@anyqueue/core/adapter";
import { afterEach, beforeEach } from "vitest";
import { openAdapter, present } from "./open-adapter.ts";
import { ScriptedServer } from "./scripted-server.ts";

/** A scripted server for each test, and an adapter that calls it. */
export class ScriptedSqs {
  #server: ScriptedServer | undefined;
  #adapter: QueueAdapter | undefined;

  /** Registers the hooks of the test file. */
  constructor() {
    beforeEach(async () => {
      this.#server = await ScriptedServer.start();
      this.#adapter = openAdapter(this.#server.endpoint);
    });
    afterEach(async () => {
      await this.#adapter?.close();
      await this.#server?.close();
    });
  }

  get server(): ScriptedServer {
    return present(this.#server, "server");
  }

  get adapter(): QueueAdapter {
    return present(this.#adapter, "adapter");
  }
}
