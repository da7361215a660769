import assert from "node:assert/strict";
import type { DrainReport, Handler, QueueClient, QueueConsumer } from "@anyqueue/core";
import { durationToMs, type Duration } from "@anyqueue/core/adapter";
import { CaseClients, type ConnectOptions } from "./case-clients.ts";
import { createBenchTime, type BenchTime } from "./bench-time.ts";
import { EventLog, type EventName, type ReportedEvent } from "./event-log.ts";
import { DriverBench } from "./driver-bench.ts";
import { FaultPlan } from "./fault-plan.ts";
import type { Backend } from "./harness.ts";
import type { TargetFacts } from "./needs.ts";
import { Recorder } from "./recorder.ts";
import type { CaseResult } from "./results.ts";
import { TestQueue, type Body, type QueueOptions } from "./test-queue.ts";

/** Lease of every queue if time can be advanced: long compared to the noise of a busy machine. */
const LEASE_MS = 30_000;
/** Leases are renewed when half is left, so steps of time must leave room for that. */
const STEPS_PER_LEASE = 10;
/** Extra allowance if time is partly real: it passes while the machine is busy with something else. */
const BUSY_MACHINE_MS = 3_000;
const DEFAULT_WITHIN_MS = 60_000;
/** Looks before time moves at all, so that what is on its way arrives first. */
const PATIENT_BEATS = 12;
/** Time moves in small steps at first, and again whenever clients are at work. */
const FIRST_STEP_MS = 5;

/** What the suite knows about the run to which a case belongs. */
export interface RunContext {
  readonly backend: Backend;
  readonly run: string;
  /** Undefined while the suite is finding them out. */
  readonly facts: TargetFacts | undefined;
  /** Results of the cases before this one. */
  readonly results: readonly CaseResult[];
  readonly nextName: () => string;
}

/** What one case works with: its own queues, clients, faults, call log and time. */
export class Bench {
  readonly caseId: string;
  readonly run: string;
  readonly backend: Backend;
  readonly results: RunContext["results"];
  /** Faults for all clients of this case, and the log of their driver calls. */
  readonly plan: FaultPlan;
  /** Every event of every client of this case. */
  readonly events: EventLog = new EventLog();
  readonly time: BenchTime;
  readonly leaseMs: number;
  readonly #context: RunContext;
  readonly #clients: CaseClients;
  readonly #drivers: DriverBench[] = [];
  readonly #failures: unknown[] = [];
  readonly #controller = new AbortController();
  #abandoned: { readonly error: unknown } | undefined;

  constructor(caseId: string, context: RunContext) {
    this.caseId = caseId;
    this.run = context.run;
    this.backend = context.backend;
    this.results = context.results;
    this.#context = context;
    this.plan = new FaultPlan(() => this.now());
    const isReal = context.backend.time.kind === "real";
    this.leaseMs = isReal ? context.backend.leaseMs : Math.max(LEASE_MS, context.backend.leaseMs);
    this.time = createBenchTime(
      context.backend.time,
      this.leaseMs / STEPS_PER_LEASE,
      () => this.plan.isQuiet,
      () => this.#assertNotAbandoned(),
    );
    this.#clients = new CaseClients(this.backend, this.time.clock, this.plan, this.events);
  }

  get facts(): TargetFacts {
    assert.ok(this.#context.facts, "the facts of the target are known before the first case");
    return this.#context.facts;
  }

  /** Never aborts while the case runs. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  now(): number {
    return this.time.clock.now();
  }

  get lease(): Duration {
    return `${this.leaseMs}ms`;
  }

  get isOrderedTarget(): boolean {
    return this.backend.features.includes("ordering");
  }

  /** A new queue with its dead-letter queue. */
  async queue(options: QueueOptions = {}): Promise<TestQueue> {
    const resolved = this.#withTargetFeatures(options);
    const name = this.#context.nextName();
    const created = await this.backend.createQueue({
      name,
      ordered: resolved.ordered === true,
      deduplicated: resolved.deduplicated === true,
      leaseMs: durationToMs(resolved.lease ?? this.lease),
      deadLetter: resolved.deadLetter !== "none",
      ...(resolved.maxDeliveries === undefined ? {} : { maxDeliveries: resolved.maxDeliveries }),
    });
    return this.#testQueue(name, created, resolved);
  }

  /** A queue that nobody created. `entity` follows the naming of an existing one. */
  missingQueue(like: TestQueue): TestQueue {
    const name = this.#context.nextName();
    const rename = (entity: string): string => entity.replace(like.name, name);
    const deadLetterEntity = like.deadLetterEntity === undefined ? undefined : rename(like.deadLetterEntity);
    return this.#testQueue(name, { entity: rename(like.entity), deadLetterEntity }, like.options);
  }

  /** The same entity with another definition. */
  redefine(queue: TestQueue, options: QueueOptions): TestQueue {
    return this.#testQueue(queue.name, queue, this.#withTargetFeatures(options));
  }

  /** Like `redefine`, but with exactly these options, as an application would define an entity wrongly. */
  misdefine(queue: TestQueue, options: QueueOptions): TestQueue {
    return this.#testQueue(queue.name, queue, { lease: this.lease, ...options });
  }

  /** A client of this case; its drivers follow the fault plan. */
  connect(queues: readonly TestQueue[], options: ConnectOptions = {}): QueueClient {
    return this.#clients.connect(queues, options);
  }

  /** Tests the driver contract itself on a queue of this case. */
  driver(queue: TestQueue): DriverBench {
    const driver = new DriverBench(this, queue, this.#clients.adapter(queue));
    this.#drivers.push(driver);
    return driver;
  }

  recorder(): Recorder {
    return new Recorder(
      () => this.now(),
      (body) => this.accept(body),
    );
  }

  /** Starts a consumer; an unexpected rejection fails the case at its next wait. */
  start(consumer: QueueConsumer<Body>, handler: Handler<Body>): Promise<DrainReport> {
    return this.background(consumer.run(handler));
  }

  /** Watches a promise that should not reject while the case runs. */
  background<T>(promise: Promise<T>): Promise<T> {
    promise.catch((error: unknown) => this.#failures.push(error));
    return promise;
  }

  /** Throws for a body that this case did not send. */
  accept(body: unknown): asserts body is Body {
    const isOurs =
      typeof body === "object" &&
      body !== null &&
      "run" in body &&
      body.run === this.run &&
      "case" in body &&
      body.case === this.caseId &&
      "seq" in body &&
      typeof body.seq === "number" &&
      "key" in body &&
      typeof body.key === "string";
    if (isOurs) return;
    const error = new Error(`a message that ${this.caseId} did not send was delivered`);
    this.#failures.push(error);
    throw error;
  }

  /** Lets time pass at the broker and the clients, in steps of `stepMs`. */
  async advance(ms: number, stepMs?: number): Promise<void> {
    await this.time.advance(ms, stepMs);
    this.#rethrow();
  }

  /**
   * Waits until `condition` holds, letting time pass if it can be moved. Fails after `withinMs` of that time.
   * The time limit of the whole case covers how long it really takes on a busy machine.
   */
  async until(
    claim: string,
    condition: () => boolean | Promise<boolean>,
    withinMs: number = DEFAULT_WITHIN_MS,
  ): Promise<void> {
    const startedAtMs = this.time.passedMs;
    const allowedMs = withinMs + (this.backend.time.kind === "virtual" ? 0 : BUSY_MACHINE_MS);
    let stepMs = FIRST_STEP_MS;
    for (let beat = 0; ; beat += 1) {
      this.#rethrow();
      if (await condition()) return;
      await this.time.beat();
      if (await condition()) return;
      assert.ok(this.time.passedMs - startedAtMs <= allowedMs, `not within ${withinMs} ms: ${claim}`);
      if (beat < PATIENT_BEATS || this.backend.time.kind === "real") continue;
      await this.time.advance(stepMs);
      // Whole milliseconds: sums of fractions would fall just short of twenty seconds.
      stepMs = this.time.isAtWork ? FIRST_STEP_MS : Math.ceil(Math.min(stepMs * 1.3, this.leaseMs / 30));
    }
  }

  /** Waits for a promise while time passes. */
  async settled<T>(claim: string, promise: Promise<T>, withinMs?: number): Promise<T> {
    let isDone = false;
    const watched = promise.finally(() => {
      isDone = true;
    });
    watched.catch(() => undefined);
    await this.until(claim, () => isDone, withinMs);
    return await watched;
  }

  /** The events with this name. */
  reported(name: EventName): readonly ReportedEvent[] {
    return this.events.of(name);
  }

  /** Ends everything that the case began. A failure while doing so fails the case. */
  async close(): Promise<void> {
    this.plan.clear();
    this.#controller.abort();
    const drivers = Promise.all(this.#drivers.map((driver) => driver.close()));
    const closed = Promise.all([drivers, this.#clients.close()]);
    // An abandoned case may not move time: time belongs to the next case.
    if (this.#abandoned === undefined) await this.settled("everything closes", closed);
    else await closed;
    this.#rethrow();
  }

  /** The case took too long: ends all its waits, and no longer lets it move time. */
  abandon(error: unknown): void {
    this.#abandoned ??= { error };
    this.plan.clear();
  }

  #assertNotAbandoned(): void {
    if (this.#abandoned !== undefined) throw this.#abandoned.error;
  }

  #rethrow(): void {
    this.#assertNotAbandoned();
    if (this.#failures.length > 0) throw this.#failures.shift();
  }

  #withTargetFeatures(options: QueueOptions): QueueOptions {
    const { features } = this.backend;
    return {
      lease: this.lease,
      ...options,
      ordered: options.ordered === true || features.includes("ordering"),
      deduplicated: options.deduplicated === true || features.includes("deduplication"),
    };
  }

  #testQueue(
    name: string,
    created: { readonly entity: string; readonly deadLetterEntity?: string | undefined },
    options: QueueOptions,
  ): TestQueue {
    return new TestQueue(name, created, options, { run: this.run, case: this.caseId }, (queue) =>
      this.connect([queue]),
    );
  }
}
