import { randomUUID } from "node:crypto";
import type { EngineTimer, VirtualClock } from "../../../time/engine-clock.ts";
import type { WireTime } from "../../../time/wire-time.ts";
import type { Delivery } from "../engine/queue-contract.ts";
import type { SqsQueue } from "../engine/sqs-queue.ts";
import type { Waiter } from "../engine/waiter-line.ts";
import { readBatchResponse, type BatchFailures } from "./batch-response.ts";
import { renderRecord } from "./event-record.ts";
import {
  resolveMapping,
  type EventSourceMappingOptions,
  type ResolvedMappingOptions,
} from "./mapping-options.ts";
import { LAMBDA_MAX_PAYLOAD_BYTES, RuntimeEndpoint, type InvocationResult } from "./runtime-endpoint.ts";

/** One call of the function, at one moment. */
export interface InvocationSnapshot {
  /** Id of the call. */
  readonly requestId: string;
  /** The messages of its event, in their order. */
  readonly messageIds: readonly string[];
  /** `error`: the function reported an error · `timeout`: it did not answer in time. */
  readonly outcome: "pending" | "response" | "error" | "timeout";
  /** The function's answer. */
  readonly answer: string | undefined;
  /** Ids of the messages that stayed in the queue. */
  readonly failedIds: readonly string[];
}

/** A mapping at one moment. */
export interface MappingSnapshot {
  /** Made up; the control API knows the mapping by it. */
  readonly id: string;
  /** ARN of the queue. */
  readonly queueArn: string;
  /** The options with every default filled in. `maxConcurrency` is absent if there is no limit. */
  readonly options: Omit<EventSourceMappingOptions, "queue">;
  /** What the function's process is started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** The newest 1,000 calls, oldest first. */
  readonly invocations: readonly InvocationSnapshot[];
  /** What runtimes said of failed starts, the newest 100. */
  readonly initErrors: readonly string[];
}

/** A queue that calls a function, until the mapping is closed or the emulator is reset. */
export interface EventSourceMapping {
  /** Generated id by which the control API finds the mapping. */
  readonly id: string;
  /** Environment of the function's process: AWS_LAMBDA_RUNTIME_API, the function's name and more. */
  readonly environment: Readonly<Record<string, string>>;
  /** The newest 1,000 calls, oldest first. */
  invocations(): readonly InvocationSnapshot[];
  /** What runtimes reported about failed starts, the newest 100. */
  initErrors(): readonly string[];
  /** Returns the current state of the mapping. */
  snapshot(): MappingSnapshot;
  /** Stops polling and disconnects the runtimes. Messages under way return after their visibility timeout. */
  close(): Promise<void>;
}

export interface MappingSurroundings {
  readonly host: string;
  readonly clock: VirtualClock;
  readonly wireTime: WireTime;
}

/** Answers can be megabytes long, so a mapping that runs for days must not keep them all. */
const MAX_INVOCATIONS = 1_000;

type MutableSnapshot = { -readonly [Name in keyof InvocationSnapshot]: InvocationSnapshot[Name] };

/** Gathers batches, hands them to runtimes that poll the endpoint, and deletes what was handled. */
export class RunningMapping implements EventSourceMapping {
  readonly id: string = randomUUID();
  readonly #queue: SqsQueue;
  readonly #around: MappingSurroundings;
  readonly #options: ResolvedMappingOptions;
  readonly #runtime = new RuntimeEndpoint(() => this.#pump());
  #invocations: MutableSnapshot[] = [];
  readonly #timers = new Set<EngineTimer>();
  readonly #waiter: Waiter = { tryReceive: () => this.#woken() };
  #gathered: Delivery[] = [];
  #windowTimer: EngineTimer | undefined;
  #isWindowOver = false;
  #isWaiting = false;
  #running = 0;
  readonly #onClose: () => void;
  #isClosed = false;

  /** @throws INVALID_OPTION */
  constructor(
    options: EventSourceMappingOptions,
    queue: SqsQueue,
    around: MappingSurroundings,
    onClose: () => void,
  ) {
    this.#onClose = onClose;
    this.#options = resolveMapping(options, {
      isFifo: queue.identity.isFifo,
      visibilityTimeoutMs: queue.settings.visibilityTimeoutMs,
    });
    this.#queue = queue;
    this.#around = around;
  }

  async start(): Promise<this> {
    await this.#runtime.start(this.#around.host);
    // The emulator may have been reset while the port was opening.
    if (this.#isClosed) await this.#runtime.close();
    return this;
  }

  get environment(): Readonly<Record<string, string>> {
    const { functionName, functionTimeoutMs } = this.#options;
    return {
      AWS_LAMBDA_RUNTIME_API: this.#runtime.authority,
      AWS_LAMBDA_FUNCTION_NAME: functionName,
      AWS_LAMBDA_FUNCTION_TIMEOUT: String(Math.ceil(functionTimeoutMs / 1_000)),
      AWS_REGION: this.#queue.identity.region,
    };
  }

  invocations(): readonly InvocationSnapshot[] {
    return this.#invocations.slice(-MAX_INVOCATIONS).map((invocation) => ({ ...invocation }));
  }

  initErrors(): readonly string[] {
    return [...this.#runtime.initErrors];
  }

  snapshot(): MappingSnapshot {
    const { maxConcurrency, ...options } = this.#options;
    return {
      id: this.id,
      queueArn: this.#queue.arn,
      options: Number.isFinite(maxConcurrency) ? { ...options, maxConcurrency } : options,
      environment: this.environment,
      invocations: this.invocations(),
      initErrors: this.initErrors(),
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#onClose();
    this.#queue.waiters.remove(this.#waiter);
    for (const timer of this.#timers) this.#around.clock.cancel(timer);
    this.#timers.clear();
    await this.#runtime.close();
  }

  /** Invokes the function while environments are idle. Messages that nobody can take stay in the queue. */
  #pump(): void {
    const { maxConcurrency } = this.#options;
    while (!this.#isClosed && this.#runtime.hasIdle && this.#running < maxConcurrency) {
      this.#gather();
      if (!this.#isReady()) {
        this.#wait();
        return;
      }
      this.#invoke();
    }
  }

  #gather(): void {
    this.#dropLost();
    const room = this.#options.batchSize - this.#gathered.length;
    if (room <= 0 || this.#queue.isDeleted) return;
    const visibilityMs = this.#queue.settings.visibilityTimeoutMs;
    this.#gathered.push(...this.#queue.receive({ maxMessages: room, visibilityMs, attemptId: undefined }));
  }

  /**
   * Drops gathered messages whose lease ran out before an environment came: they are in the queue again.
   * Leases of older messages end first, so these are at the front.
   */
  #dropLost(): void {
    const firstHeld = this.#gathered.findIndex((delivery) => this.#queue.isHeld(delivery));
    if (firstHeld === 0 || this.#gathered.length === 0) return;
    this.#gathered = firstHeld === -1 ? [] : this.#gathered.slice(firstHeld);
    if (firstHeld === -1) this.#isWindowOver = false;
  }

  #isReady(): boolean {
    if (this.#gathered.length === 0) return false;
    const { batchSize, windowSeconds } = this.#options;
    return this.#gathered.length >= batchSize || windowSeconds === 0 || this.#isWindowOver;
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#queue.waiters.add(this.#waiter);
    if (this.#gathered.length === 0 || this.#windowTimer !== undefined) return;
    this.#windowTimer = this.#after(this.#options.windowSeconds * 1_000, () => {
      this.#windowTimer = undefined;
      this.#isWindowOver = true;
      this.#pump();
    });
  }

  /** Returns true if the mapping no longer waits, so that the polls behind it get their turn. */
  #woken(): boolean {
    this.#isWaiting = false;
    this.#pump();
    return !this.#isWaiting;
  }

  #invoke(): void {
    const batch = this.#takeBatch();
    const { clock, wireTime } = this.#around;
    const { functionName, functionTimeoutMs } = this.#options;
    const { region, accountId } = this.#queue.identity;
    const endsAtMs = clock.now() + functionTimeoutMs;
    const invocation: MutableSnapshot = {
      requestId: randomUUID(),
      messageIds: batch.deliveries.map(({ message }) => message.id),
      outcome: "pending",
      answer: undefined,
      failedIds: [],
    };
    this.#invocations.push(invocation);
    if (this.#invocations.length >= 2 * MAX_INVOCATIONS)
      this.#invocations = this.#invocations.slice(-MAX_INVOCATIONS);
    this.#running += 1;
    const timer = this.#after(functionTimeoutMs, () => {
      this.#runtime.forget(invocation.requestId);
      this.#finish(invocation, batch.deliveries, undefined);
    });
    this.#runtime.dispatch({
      requestId: invocation.requestId,
      event: batch.event,
      deadlineMs: wireTime.toWireMs(endsAtMs),
      functionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
      onResult: (result) => {
        this.#cancel(timer);
        this.#finish(invocation, batch.deliveries, result);
      },
    });
  }

  /** Takes as many messages as fit into one event. The rest goes into the next one. */
  #takeBatch(): { readonly deliveries: readonly Delivery[]; readonly event: string } {
    const records: string[] = [];
    let bytes = '{"Records":[]}'.length;
    for (const delivery of this.#gathered) {
      const record = JSON.stringify(renderRecord(delivery, this.#queue, this.#around.wireTime));
      bytes += Buffer.byteLength(record) + 1;
      if (records.length > 0 && bytes > LAMBDA_MAX_PAYLOAD_BYTES) break;
      records.push(record);
    }
    const deliveries = this.#gathered.slice(0, records.length);
    this.#gathered = this.#gathered.slice(records.length);
    this.#isWindowOver = this.#gathered.length > 0;
    if (this.#windowTimer !== undefined) this.#cancel(this.#windowTimer);
    this.#windowTimer = undefined;
    return { deliveries, event: `{"Records":[${records.join(",")}]}` };
  }

  #finish(
    invocation: MutableSnapshot,
    deliveries: readonly Delivery[],
    result: InvocationResult | undefined,
  ): void {
    this.#running -= 1;
    invocation.outcome = result?.kind ?? "timeout";
    invocation.answer = result?.body;
    const failures = this.#failures(invocation.messageIds, result);
    const isFailed = (id: string): boolean => failures === "all" || (failures !== "none" && failures.has(id));
    invocation.failedIds = invocation.messageIds.filter(isFailed);
    for (const { message, receiptHandle } of deliveries)
      if (!isFailed(message.id)) this.#queue.delete(receiptHandle);
    this.#pump();
  }

  #failures(messageIds: readonly string[], result: InvocationResult | undefined): BatchFailures {
    if (result?.kind !== "response") return "all";
    return readBatchResponse(result.body, messageIds, this.#options.reportBatchItemFailures);
  }

  #after(ms: number, task: () => void): EngineTimer {
    const { clock } = this.#around;
    const timer = clock.at(clock.now() + ms, () => {
      this.#timers.delete(timer);
      task();
    });
    this.#timers.add(timer);
    return timer;
  }

  #cancel(timer: EngineTimer): void {
    this.#timers.delete(timer);
    this.#around.clock.cancel(timer);
  }
}
