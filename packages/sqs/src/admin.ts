import type { AdminDriver, Clock, CreateOptions, EntityCounts, Target, Timer } from "@anyqueue/core/adapter";
import { orAborted, QueueError } from "@anyqueue/core/adapter";
import type { ListMessageMoveTasksResultEntry } from "@aws-sdk/client-sqs";
import { abortError } from "./abort-error.ts";
import type { SqsClients } from "./sqs-client.ts";
import { invalid } from "./refusal.ts";
import { classifySqsError } from "./sqs-errors.ts";
import { SQS_MAX_RETENTION_SECONDS } from "./sqs-limits.ts";
import type { SqsQueue } from "./sqs-queue.ts";
import { parseAddress } from "./sqs-url.ts";

/** How often `redrive` asks a running move for its progress; SQS moves up to 500 messages a second. */
const PROGRESS_MS = 1_000;
/** How often in a row that question may fail. SQS goes on moving meanwhile, so one lost answer ends nothing. */
const MAX_FAILURES = 10;
/** How often, once a second, a new queue is looked for that is not there yet. */
const MAX_LOOKS = 10;
/**
 * "Messages sent to the queue after you call PurgeQueue might be deleted while the queue is being purged", which takes
 * so long. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html (2026-11-30)
 */
const PURGE_MS = 60_000;
const LIST_PAGE = 1_000;

/** Provisioning and inspection of SQS queues. */
export class SqsAdmin implements AdminDriver {
  readonly #clients: SqsClients;
  readonly #queueOf: (target: Target) => SqsQueue;
  readonly #clock: Clock;

  constructor(clients: SqsClients, queueOf: (target: Target) => SqsQueue, clock: Clock) {
    this.#clients = clients;
    this.#queueOf = queueOf;
    this.#clock = clock;
  }

  async create(target: Target, options: CreateOptions, signal: AbortSignal): Promise<void> {
    const { name, isFifo } = parseAddress(target.entity);
    const attributes: Record<string, string> = {};
    if (isFifo) attributes["FifoQueue"] = "true";
    if (options.leaseMs !== undefined)
      attributes["VisibilityTimeout"] = String(Math.ceil(options.leaseMs / 1_000));
    if (options.deadLetter !== undefined) {
      attributes["RedrivePolicy"] = JSON.stringify({
        deadLetterTargetArn: await this.#queueOf(options.deadLetter).arn(signal),
        maxReceiveCount: options.maxDeliveries ?? DEFAULT_MAX_DELIVERIES,
      });
    }
    const queue = this.#queueOf(target);
    const create = async (more: Record<string, string>): Promise<string | undefined> => {
      const tags = options.tags && { ...options.tags };
      const input = { QueueName: name, Attributes: { ...attributes, ...more }, tags };
      return (await queue.call("CreateQueueCommand", input, { signal })).QueueUrl;
    };
    const url = await create(LONGEST_RETENTION).catch(async (error: unknown) => {
      // A message keeps its age when SQS moves it to its dead-letter queue, so that queue must retain longer.
      const mustRetain = target.ref.kind === "dead-letter";
      if (mustRetain || classifySqsError(error, "admin").code !== "ALREADY_EXISTS") throw error;
      return await create({});
    });
    refuseOtherAccount(queue, url);
    queue.forget(url);
    await this.#appearance(queue, signal);
  }

  async inspect(target: Target, signal: AbortSignal): Promise<EntityCounts> {
    const attributes = await this.#queueOf(target).attributes(signal);
    return {
      ready: Number(attributes["ApproximateNumberOfMessages"] ?? 0),
      inFlight: Number(attributes["ApproximateNumberOfMessagesNotVisible"] ?? 0),
      delayed: Number(attributes["ApproximateNumberOfMessagesDelayed"] ?? 0),
      approximate: true,
    };
  }

  async list(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    const names: string[] = [];
    let token: string | undefined;
    do {
      const input = { MaxResults: LIST_PAGE, QueueNamePrefix: prefix || undefined, NextToken: token };
      const reply = await this.#clients.call("ListQueuesCommand", input, { signal });
      for (const url of reply.QueueUrls ?? []) names.push(url.slice(url.lastIndexOf("/") + 1));
      token = reply.NextToken;
    } while (token !== undefined && token !== "");
    return names;
  }

  /** Resolves when nothing that is sent from then on can be deleted with the rest. */
  async purge(target: Target, signal: AbortSignal): Promise<void> {
    const queue = this.#queueOf(target);
    const url = await queue.url(signal);
    await queue.call("PurgeQueueCommand", { QueueUrl: url }, { signal });
    // AWS has only https URLs; an emulator is done.
    if (!url.startsWith("http:")) await this.#pause(signal, PURGE_MS);
  }

  async delete(target: Target, signal: AbortSignal): Promise<void> {
    const queue = this.#queueOf(target);
    const url = await queue.url(signal);
    await queue.call("DeleteQueueCommand", { QueueUrl: url }, { signal });
    queue.forget();
  }

  /**
   * Moves messages with the service's own task. Always names the destination: messages that we sent to a
   * dead-letter queue have no source to go back to. An abort cancels the move; what was moved stays moved.
   */
  async *redrive(from: Target, to: Target, signal: AbortSignal): AsyncGenerator<{ readonly moved: number }> {
    const queue = this.#queueOf(from);
    const source = await queue.arn(signal);
    const input = { SourceArn: source, DestinationArn: await this.#queueOf(to).arn(signal) };
    const earlier = await this.#tasksOf(queue, source, signal);
    const { TaskHandle: handle } = await queue.call("StartMessageMoveTaskCommand", input, {
      signal,
    });
    let isRunning = true;
    try {
      for (let failures = 0; isRunning;) {
        const tasks = await this.#tasksOf(queue, source, signal).catch((error: unknown) => {
          failures += 1;
          if (failures > MAX_FAILURES || !classifySqsError(error, "admin").retryable) throw error;
        });
        if (tasks !== undefined) {
          failures = 0;
          const task = ownTask(tasks, handle, earlier);
          isRunning = !isFinished(task, from);
          yield { moved: task.ApproximateNumberOfMessagesMoved ?? 0 };
        }
        if (isRunning) await this.#pause(signal);
      }
    } finally {
      // Also when the caller stops reading. To cancel a move that has just ended fails, which is harmless.
      if (isRunning && handle !== undefined) {
        await queue.call("CancelMessageMoveTaskCommand", { TaskHandle: handle }).catch(() => undefined);
      }
    }
  }

  async close(): Promise<void> {
    // The connection belongs to the adapter.
  }

  /**
   * "You must wait at least one second after the queue is created to be able to use the queue."
   * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html (2026-11-30)
   */
  async #appearance(queue: SqsQueue, signal: AbortSignal): Promise<void> {
    for (let left = MAX_LOOKS; left > 0; left -= 1) {
      try {
        await queue.attributes(signal);
        return;
      } catch (error) {
        // Created it is, so no other failure counts.
        if (classifySqsError(error, "admin").code !== "NOT_FOUND") return;
      }
      await this.#pause(signal);
    }
  }

  async #tasksOf(queue: SqsQueue, source: string, signal: AbortSignal): Promise<Tasks> {
    const input = { SourceArn: source, MaxResults: 10 };
    const reply = await queue.call("ListMessageMoveTasksCommand", input, { signal });
    return reply.Results ?? [];
  }

  async #pause(signal: AbortSignal, ms = PROGRESS_MS): Promise<void> {
    let timer: Timer | undefined;
    const pause = new Promise<void>((resolve) => {
      timer = this.#clock.setTimer(resolve, ms, true);
    });
    await orAborted(pause, signal, () => {
      timer?.cancel();
      throw abortError(signal);
    });
  }
}

/** SQS deletes what is older, by default after four days. */
const LONGEST_RETENTION = { MessageRetentionPeriod: String(SQS_MAX_RETENTION_SECONDS) };
/** Applies when a dead-letter queue is attached without a count. */
const DEFAULT_MAX_DELIVERIES = 10;

/** SQS creates queues in the caller's account only, also if the caller uses those of another. */
function refuseOtherAccount({ account }: SqsQueue, url = ""): void {
  const [, made] = /\/(\d{12})\/[^/]+$/.exec(url) ?? [];
  if (account === undefined || made === undefined || account === made) return;
  const what = `SQS created the queue in account ${made}, the configuration says ${account}`;
  throw invalid(what, "Delete it if it is new there, and create it with credentials of the owner.");
}

type Tasks = readonly ListMessageMoveTasksResultEntry[];

/** Finds our task by its handle, which only running tasks have, else by its start; `{}` if not listed yet. */
function ownTask(tasks: Tasks, handle: string | undefined, earlier: Tasks): Tasks[number] {
  const running = tasks.find((task) => task.TaskHandle !== undefined && task.TaskHandle === handle);
  const sinceMs = Math.max(0, ...earlier.map(startOf));
  const isRecent = (task: Tasks[number]): boolean => startOf(task) >= sinceMs;
  const recent = tasks.filter(isRecent);
  const isListed = recent.length > earlier.filter(isRecent).length;
  // The service lists the newest task first.
  return running ?? (isListed ? recent[0] : undefined) ?? {};
}

function startOf({ StartedTimestamp }: Tasks[number]): number {
  return StartedTimestamp ?? 0;
}

/** @throws UNAVAILABLE if the service gave up the move, CANCELLED if somebody else stopped it. */
function isFinished(task: ListMessageMoveTasksResultEntry, from: Target): boolean {
  if (task.Status === "COMPLETED") return true;
  if (task.Status === "FAILED") {
    const why = task.FailureReason ?? "no reason given";
    throw new QueueError("UNAVAILABLE", {
      what: `SQS stopped moving messages: ${why}`,
      target: from.name,
      provider: "sqs",
    });
  }
  if (task.Status === "CANCELLED" || task.Status === "CANCELLING") {
    throw new QueueError("CANCELLED", {
      what: "the move was cancelled by somebody else",
      target: from.name,
      provider: "sqs",
    });
  }
  return false;
}
