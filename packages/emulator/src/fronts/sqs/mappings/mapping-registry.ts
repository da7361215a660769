import { EmulatorError } from "../../../emulator-error.ts";
import type { SqsEngine } from "../engine/sqs-engine.ts";
import type { SqsQueue } from "../engine/sqs-queue.ts";
import { RunningMapping, type EventSourceMapping, type MappingSurroundings } from "./event-source-mapping.ts";
import type { EventSourceMappingOptions } from "./mapping-options.ts";

/** The mappings of one front. */
export class MappingRegistry {
  readonly #engine: SqsEngine;
  readonly #around: MappingSurroundings;
  readonly #open = new Map<string, RunningMapping>();

  constructor(engine: SqsEngine, around: MappingSurroundings) {
    this.#engine = engine;
    this.#around = around;
  }

  /** @throws INVALID_OPTION */
  async add(options: EventSourceMappingOptions): Promise<EventSourceMapping> {
    const queue = mappedQueue(this.#engine, options.queue);
    const mapping = new RunningMapping(options, queue, this.#around, () => this.#open.delete(mapping.id));
    this.#open.set(mapping.id, mapping);
    return await mapping.start();
  }

  /** Oldest first. */
  list(): readonly EventSourceMapping[] {
    return [...this.#open.values()];
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.list().map(async (mapping) => await mapping.close()));
  }
}

/** Finds a queue by ARN, or by name in any region and account. */
function mappedQueue(engine: SqsEngine, nameOrArn: string): SqsQueue {
  const queue = engine
    .queues()
    .find(
      ({ arn, identity }) => arn === nameOrArn || (identity.name === nameOrArn && !nameOrArn.includes(":")),
    );
  if (queue !== undefined) return queue;
  throw new EmulatorError(
    "INVALID_OPTION",
    `Event source mapping: there is no queue ${JSON.stringify(nameOrArn)}. Create it first.`,
  );
}
