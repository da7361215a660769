import type { EngineClock } from "../../../time/engine-clock.ts";
import { invalidParameter, sqsError } from "../sqs-errors.ts";
import { SQS_LIMITS, SQS_PURGE_INTERVAL_MS, SQS_RECREATE_DELAY_MS, type SqsLimits } from "../sqs-limits.ts";
import { MoveTasks } from "./move-tasks.ts";
import { parseQueueArn, queueArn, type QueueAddress } from "./queue-arn.ts";
import {
  defaultAttributes,
  mergeAttributes,
  normalizeAttributes,
  type AttributeValues,
} from "./queue-attributes.ts";
import { allowsSource, parseRedrivePolicy } from "./redrive-policy.ts";
import { SqsQueue, type QueueSurroundings } from "./sqs-queue.ts";
import type { Defer } from "./waiter-line.ts";

export interface SqsEngineOptions {
  readonly clock: EngineClock;
  readonly limits?: SqsLimits | undefined;
  /** Defers the serving of woken long polls; see `WaiterLine`. */
  readonly defer: Defer;
}

const QUEUE_NAME = /^[A-Za-z0-9_-]{1,80}$/;
const FIFO_QUEUE_NAME = /^(?=.{1,80}$)[A-Za-z0-9_-]+\.fifo$/;
const SEQUENCE_DIGITS = 19;

/** All queues of all accounts and regions. Does no I/O, and takes the time from the clock. */
export class SqsEngine {
  readonly clock: EngineClock;
  readonly moveTasks: MoveTasks;
  readonly #around: QueueSurroundings;
  readonly #queues = new Map<string, SqsQueue>();
  /** Time of deletion by ARN: a deleted queue's name stays taken for a minute. */
  readonly #deletedAtMs = new Map<string, number>();
  #nextInstance = 1;
  #nextSequence = 1;

  constructor(options: SqsEngineOptions) {
    this.clock = options.clock;
    this.#around = {
      clock: options.clock,
      limits: options.limits ?? SQS_LIMITS,
      defer: options.defer,
      findByArn: (arn) => this.findByArn(arn),
      nextSequenceNumber: () => this.#takeSequenceNumber(),
    };
    this.moveTasks = new MoveTasks(this);
  }

  queues(): readonly SqsQueue[] {
    return [...this.#queues.values()];
  }

  find(address: QueueAddress): SqsQueue | undefined {
    return this.#queues.get(queueArn(address));
  }

  findByArn(arn: string): SqsQueue | undefined {
    return this.#queues.get(arn);
  }

  /** Queues that use this one as their dead-letter queue. */
  sourcesOf(queue: SqsQueue): readonly SqsQueue[] {
    return this.queues().filter((source) => source.settings.redrivePolicy?.deadLetterTargetArn === queue.arn);
  }

  createQueue(address: QueueAddress, given: AttributeValues, tags: ReadonlyMap<string, string>): SqsQueue {
    const isFifo = checkQueueName(address.name, given);
    const changes = normalizeAttributes(given, isFifo);
    const existing = this.find(address);
    if (existing !== undefined) {
      rejectDifference(existing, changes);
      return existing;
    }
    this.#rejectRecentlyDeleted(queueArn(address));
    const attributes = mergeAttributes(defaultAttributes(isFifo), changes);
    this.#checkRedriveTarget(address, attributes, isFifo);
    const identity = { ...address, isFifo, instance: this.#nextInstance++ };
    const queue = new SqsQueue(identity, attributes, new Map(tags), this.#around);
    this.#queues.set(queue.arn, queue);
    return queue;
  }

  setAttributes(queue: SqsQueue, given: AttributeValues): void {
    const changes = normalizeAttributes(given, queue.identity.isFifo);
    const fifo = changes.get("FifoQueue");
    if (fifo !== undefined && fifo !== "true") {
      throw sqsError(
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
      );
    }
    const attributes = mergeAttributes(queue.attributes, changes);
    if (changes.has("RedrivePolicy"))
      this.#checkRedriveTarget(queue.identity, attributes, queue.identity.isFifo);
    queue.replaceAttributes(attributes);
  }

  deleteQueue(queue: SqsQueue): void {
    this.#queues.delete(queue.arn);
    this.#deletedAtMs.set(queue.arn, this.clock.now());
    queue.discard();
  }

  purgeQueue(queue: SqsQueue): void {
    if (this.clock.now() - queue.purgedAtMs < SQS_PURGE_INTERVAL_MS) {
      throw sqsError(
        "PurgeQueueInProgress",
        `Only one PurgeQueue operation on ${queue.identity.name} is allowed every 60 seconds.`,
      );
    }
    queue.purge();
  }

  /** Forgets everything, as if the engine were new. */
  reset(): void {
    this.moveTasks.clear();
    for (const queue of this.#queues.values()) queue.discard();
    this.#queues.clear();
    this.#deletedAtMs.clear();
  }

  #rejectRecentlyDeleted(arn: string): void {
    const deletedAtMs = this.#deletedAtMs.get(arn);
    if (deletedAtMs === undefined) return;
    if (this.clock.now() - deletedAtMs < SQS_RECREATE_DELAY_MS) {
      throw sqsError(
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
      );
    }
    this.#deletedAtMs.delete(arn);
  }

  #checkRedriveTarget(source: QueueAddress, attributes: AttributeValues, isFifo: boolean): void {
    const json = attributes.get("RedrivePolicy");
    if (json === undefined) return;
    const arn = parseRedrivePolicy(json).deadLetterTargetArn;
    const reject = (reason: string): Error => invalidParameter(json, "RedrivePolicy", reason);
    if (arn.endsWith(".fifo") !== isFifo) {
      throw reject("Dead-letter queue must be same type of queue as the source.");
    }
    const target = parseQueueArn(arn);
    if (target?.region !== source.region)
      throw reject("Dead-letter target must be in same region as the source.");
    const deadLetters = this.findByArn(arn);
    if (deadLetters === undefined) throw reject("Dead letter target does not exist.");
    // Otherwise a message would go round forever, and a receive would never end.
    if (arn === queueArn(source)) throw reject("Dead-letter target must be another queue than the source.");
    if (!allowsSource(deadLetters.settings.redriveAllowPolicy, queueArn(source))) {
      throw reject("Dead letter target does not allow this queue as a source. See RedriveAllowPolicy.");
    }
  }

  #takeSequenceNumber(): string {
    // Twenty digits, so that numbers sort as text:
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html (2026-11-24)
    return `1${String(this.#nextSequence++).padStart(SEQUENCE_DIGITS, "0")}`;
  }
}

function checkQueueName(name: string, attributes: AttributeValues): boolean {
  const isFifo = attributes.get("FifoQueue")?.toLowerCase() === "true";
  if (isFifo && !FIFO_QUEUE_NAME.test(name)) {
    throw sqsError(
      "InvalidParameterValue",
      "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
    );
  }
  if (!isFifo && !QUEUE_NAME.test(name)) {
    throw sqsError(
      "InvalidParameterValue",
      "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    );
  }
  return isFifo;
}

function rejectDifference(existing: SqsQueue, changes: AttributeValues): void {
  for (const [name, value] of changes) {
    if ((existing.attributes.get(name) ?? "") === value) continue;
    throw sqsError(
      "QueueNameExists",
      `A queue already exists with the same name and a different value for attribute ${name}`,
    );
  }
}
