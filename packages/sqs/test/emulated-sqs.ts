import type { AdminDriver, ConsumerDriver, Delivery, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { adminOf, consumerOptions, never, openAdapter, present } from "./open-adapter.ts";

/** Receives what is there, without waiting. */
export const NOW = { maxItems: 10, waitMs: 0 };

export function textsOf(deliveries: readonly Delivery<unknown>[]): readonly string[] {
  return deliveries.map(({ body }) => new TextDecoder().decode(body));
}

/** An emulator for one test file, emptied before each test, and an adapter that is open during each. */
export class EmulatedSqs {
  #emulator: Emulator | undefined;
  #adapter: QueueAdapter | undefined;
  #admin: AdminDriver | undefined;

  /** Registers the hooks of the test file. */
  constructor() {
    beforeAll(async () => {
      this.#emulator = await startEmulator({ sqsPort: 0 });
    });
    afterAll(async () => {
      await this.#emulator?.close();
    });
    beforeEach(async () => {
      this.emulator.reset();
      this.#adapter = openAdapter(this.emulator.endpoints.sqs);
      this.#admin = await adminOf(this.#adapter);
    });
    afterEach(async () => {
      await this.#adapter?.close();
    });
  }

  get emulator(): Emulator {
    return present(this.#emulator, "emulator");
  }

  get adapter(): QueueAdapter {
    return present(this.#adapter, "adapter");
  }

  get admin(): AdminDriver {
    return present(this.#admin, "admin");
  }

  async created(target: Target): Promise<Target> {
    await this.admin.create(target, {}, never);
    return target;
  }

  consume(target: Target, leaseMs = 30_000): ConsumerDriver<unknown> {
    return this.adapter.openConsumer(target, consumerOptions(leaseMs));
  }

  /** The code with which a call of administration fails, or "none". */
  async codeOf(work: Promise<unknown>): Promise<string> {
    return await work.then(
      () => "none",
      (error: unknown) => this.adapter.classify(error, "admin").code,
    );
  }
}
