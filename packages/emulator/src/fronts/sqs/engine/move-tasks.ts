import { randomUUID } from "node:crypto";
import type { EngineTimer } from "../../../time/engine-clock.ts";
import { sqsError } from "../sqs-errors.ts";
import { SQS_MAX_ACTIVE_MOVE_TASKS, SQS_MAX_MOVES_PER_SECOND } from "../sqs-limits.ts";
import { freshOrigin } from "./queue-contract.ts";
import type { SqsEngine } from "./sqs-engine.ts";
import type { SqsQueue } from "./sqs-queue.ts";
import type { StoredMessage } from "./stored-message.ts";

export type MoveTaskStatus = "RUNNING" | "COMPLETED" | "CANCELLING" | "CANCELLED" | "FAILED";

export interface MoveTask {
  readonly id: string;
  readonly source: SqsQueue;
  readonly destination: SqsQueue | undefined;
  readonly maxPerSecond: number | undefined;
  readonly startedAtMs: number;
  readonly toMove: number;
  moved: number;
  status: MoveTaskStatus;
  failureReason: string | undefined;
  timer: EngineTimer | undefined;
}

// If the caller names no rate, the service chooses one, at most 500 a second.
const TICKS_PER_SECOND = 10;

/** Redrives of dead-letter queues: at most one active task per source. */
export class MoveTasks {
  readonly #engine: SqsEngine;
  readonly #tasks: MoveTask[] = [];

  constructor(engine: SqsEngine) {
    this.#engine = engine;
  }

  start(source: SqsQueue, destination: SqsQueue | undefined, maxPerSecond: number | undefined): MoveTask {
    if (this.#engine.sourcesOf(source).length === 0) {
      throw sqsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.");
    }
    const active = this.#tasks.filter(isActive);
    if (active.some((task) => task.source === source)) {
      throw sqsError(
        "InvalidParameterValue",
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
      );
    }
    if (active.length >= SQS_MAX_ACTIVE_MOVE_TASKS) {
      throw sqsError(
        "OverLimit",
        `At most ${SQS_MAX_ACTIVE_MOVE_TASKS} active message move tasks are allowed.`,
      );
    }
    const task: MoveTask = {
      id: randomUUID(),
      source,
      destination,
      maxPerSecond,
      startedAtMs: this.#engine.clock.now(),
      toMove: source.counts.visible,
      moved: 0,
      status: "RUNNING",
      failureReason: undefined,
      timer: undefined,
    };
    this.#tasks.push(task);
    this.#schedule(task);
    return task;
  }

  find(taskId: string): MoveTask | undefined {
    return this.#tasks.find((task) => task.id === taskId);
  }

  /** Newest first. */
  listOf(source: SqsQueue): readonly MoveTask[] {
    return this.#tasks.filter((task) => task.source === source).toReversed();
  }

  cancel(task: MoveTask): void {
    if (task.status !== "RUNNING") {
      throw sqsError("ResourceNotFoundException", "Task does not exist or is not running.");
    }
    task.status = "CANCELLING";
  }

  clear(): void {
    for (const task of this.#tasks) this.#finish(task, task.status);
    this.#tasks.length = 0;
  }

  #schedule(task: MoveTask): void {
    const afterMs = 1000 / Math.min(task.maxPerSecond ?? SQS_MAX_MOVES_PER_SECOND, TICKS_PER_SECOND);
    task.timer = this.#engine.clock.at(this.#engine.clock.now() + afterMs, () => {
      task.timer = undefined;
      this.#tick(task);
    });
  }

  #tick(task: MoveTask): void {
    if (task.status === "CANCELLING") return this.#finish(task, "CANCELLED");
    if (task.source.isDeleted) return this.#fail(task, "AWS.SimpleQueueService.NonExistentQueue");
    const perSecond = task.maxPerSecond ?? SQS_MAX_MOVES_PER_SECOND;
    const share = Math.max(1, Math.floor(perSecond / TICKS_PER_SECOND));
    for (let step = 0; step < share && task.moved < task.toMove; step += 1) {
      const message = task.source.peekVisible();
      if (message === undefined) break;
      const failure = this.#moveOne(task, message);
      if (failure !== undefined) return this.#fail(task, failure);
    }
    if (task.moved >= task.toMove || task.source.counts.visible === 0) return this.#finish(task, "COMPLETED");
    this.#schedule(task);
  }

  /** Returns the reason why the message cannot be moved and stays, or undefined if it was moved. */
  #moveOne(task: MoveTask, message: StoredMessage): string | undefined {
    const sourceArn = message.deadLetterSourceArn;
    if (task.destination === undefined && sourceArn === undefined) return "CouldNotDetermineMessageSource";
    const target = task.destination ?? this.#engine.findByArn(sourceArn ?? "");
    if (target === undefined || target.isDeleted) return "AWS.SimpleQueueService.NonExistentQueue";
    task.source.remove(message);
    // A redriven message counts as new: new id, new time of sending, no receives.
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html (2026-11-24)
    target.adopt(message.content, freshOrigin(this.#engine.clock.now()));
    task.moved += 1;
    return undefined;
  }

  #fail(task: MoveTask, reason: string): void {
    task.failureReason = reason;
    this.#finish(task, "FAILED");
  }

  #finish(task: MoveTask, status: MoveTaskStatus): void {
    task.status = status;
    if (task.timer !== undefined) this.#engine.clock.cancel(task.timer);
    task.timer = undefined;
  }
}

function isActive(task: MoveTask): boolean {
  return task.status === "RUNNING" || task.status === "CANCELLING";
}
