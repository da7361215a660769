import {
  queueError,
  type AdminDriver,
  type ConsumerDriver,
  type ConsumerDriverOptions,
  type EntityRef,
  type ErrorClass,
  type ProbeResult,
  type ProducerDriver,
  type QueueAdapter,
  type Target,
} from "@anyqueue/core/adapter";
import type { Lease } from "./broker/stored-message.ts";
import { MemoryConsumer } from "./memory-consumer.ts";
import { entityName, type MemoryEngine } from "./memory-engine.ts";
import { classifyMemoryError, unsupported } from "./memory-errors.ts";
import { MEMORY_LIMITS, MEMORY_NAME_PATTERN, memoryCapabilities } from "./memory-limits.ts";
import { MemoryProducer } from "./memory-producer.ts";

/** One connection to an engine of this process. The engine outlives it: other clients may use it too. */
export class MemoryAdapter implements QueueAdapter<Lease> {
  readonly name = "memory";
  readonly #engine: MemoryEngine;
  readonly #authority: string;

  constructor(engine: MemoryEngine, authority: string) {
    this.#engine = engine;
    this.#authority = authority;
  }

  resolve(ref: EntityRef): Target {
    for (const part of ref.topic === undefined ? [ref.name] : [ref.topic, ref.name]) checkName(part);
    const entity = entityName(ref);
    return {
      name: this.#authority === "" ? `memory:${entity}` : `memory://${this.#authority}/${entity}`,
      entity,
      ref,
      capabilities: memoryCapabilities(ref),
      limits: MEMORY_LIMITS,
    };
  }

  async probe(target: Target, signal: AbortSignal): Promise<ProbeResult> {
    signal.throwIfAborted();
    const { ref } = target;
    if (ref.kind === "topic" || ref.kind === "dead-letter") return { facts: { unknown: [] } };
    const mailbox = this.#engine.findMailbox(ref);
    const { broker } = this.#engine;
    // A queue's built-in dead letters are part of it, not an entity with a name.
    const dead =
      mailbox === undefined ? undefined : broker.findQueue(broker.findDeadLettersOf(mailbox)?.name ?? "");
    return await Promise.resolve({
      facts: {
        unknown: [],
        ...(mailbox?.maxDeliveries === undefined ? undefined : { maxDeliveries: mailbox.maxDeliveries }),
        // Only a separate queue has a usable name; built-in dead letters go by the name of their source.
        ...(dead !== undefined && this.#engine.broker.findQueue(dead.name) !== undefined
          ? { deadLetterEntity: dead.name }
          : undefined),
      },
    });
  }

  openProducer(target: Target): ProducerDriver {
    if (target.ref.kind === "subscription") {
      throw unsupported(target.name, "sending to a subscription", "Send to its topic.");
    }
    return new MemoryProducer(this.#engine, target);
  }

  openConsumer(target: Target, options: ConsumerDriverOptions<Lease>): ConsumerDriver<Lease> {
    if (target.ref.kind === "topic") {
      throw unsupported(target.name, "consuming a topic", "Consume one of its subscriptions.");
    }
    return new MemoryConsumer(this.#engine, target, options);
  }

  classify(error: unknown): ErrorClass {
    return classifyMemoryError(error);
  }

  async admin(): Promise<AdminDriver> {
    const { MemoryAdmin } = await import("./admin.ts");
    return new MemoryAdmin(this.#engine);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function checkName(name: string): void {
  if (MEMORY_NAME_PATTERN.test(name)) return;
  throw queueError("INVALID_ARGUMENT", {
    what: `${JSON.stringify(name.slice(0, 80))} is not a valid name of a queue, topic or subscription`,
    remedy: "Use 1 to 260 letters, digits, dots, dashes and underscores, the first a letter or digit.",
    provider: "memory",
  });
}
