import assert from "node:assert/strict";
import {
  createClient,
  type DrainReport,
  type Handler,
  type Middleware,
  type QueueClient,
  type QueueConsumer,
} from "@anyqueue/core";
import type { Duration, Provider, QueueAdapter } from "@anyqueue/core/adapter";
import { createBenchTime, type BenchTime } from "./bench-time.ts";
import { EventLog, type EventName, type ReportedEvent } from "./event-log.ts";
import { DriverBench } from "./driver-bench.ts";
import { FaultPlan } from "./fault-plan.ts";
import { faulty } from "./faulty.ts";
import type { Backend } from "./harness.ts";
import type { TargetFacts } from "./needs.ts";
import { Recorder } from "./recorder.ts";
import type { CaseResult } from "./results.ts";
import { TestQueue, type Body, type QueueOptions } from "./test-queue.ts";

/** Lease of every queue where time can be advanced: long beside the noise of a busy machine. */
const LEASE_MS = 30_000;
const DEFAULT_WITHIN_MS = 60_000;
/** Looks before time is moved at all: what is on its way arrives first. */
const PATIENT_BEATS = 12;

/** What the suite knows about the run that a case belongs to. */
export interface RunContext {
  readonly backend: Backend;
  readonly run: string;
  /** Undefined while they are being found out. */
  readonly facts: TargetFacts | undefined;
  /** Results of the cases before this one. */
  readonly results: readonly CaseResult[];
  readonly nextName: () => string;
}

/** What one case works with: queues of its own, clients, faults, the call log, and time. */
export class Bench {
  readonly caseId: string;
  readonly run: string;
  readonly backend: Backend;
  readonly results: RunContext["results"];
  /** Faults of all clients of this case, and the log of what their drivers were asked. */
  readonly plan: FaultPlan;
  /** Every event of every client of this case. */
  readonly events: EventLog = new EventLog();
  readonly time: BenchTime;
  readonly leaseMs: number;
  readonly #context: RunContext;
  readonly #clients: QueueClient[] = [];
  readonly #drivers: DriverBench[] = [];
  readonly #failures: unknown[] = [];
  readonly #controller = new AbortController();

  constructor(caseId: string, context: RunContext) {
    this.caseId = caseId;
    this.run = context.run;
    this.backend = context.backend;
    this.results = context.results;
    this.#context = context;
    this.plan = new FaultPlan(() => this.now());
    const isReal = context.backend.time.kind === "real";
    this.leaseMs = isReal ? context.backend.leaseMs : Math.max(LEASE_MS, context.backend.leaseMs);
    this.time = createBenchTime(context.backend.time, this.leaseMs / 10, () => this.plan.isQuiet);
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
      leaseMs: this.leaseMs,
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

  /** The same entity under another definition. */
  redefine(queue: TestQueue, options: QueueOptions): TestQueue {
    return this.#testQueue(queue.name, queue, this.#withTargetFeatures(options));
  }

  /** As `redefine`, with exactly these options: what an application would ask of an entity that is something else. */
  misdefine(queue: TestQueue, options: QueueOptions): TestQueue {
    return this.#testQueue(queue.name, queue, { lease: this.lease, ...options });
  }

  /** A client of this case; its drivers obey the plan. */
  connect(
    queues: readonly TestQueue[],
    options: {
      readonly middleware?: readonly Middleware[];
      readonly provider?: Provider;
      readonly url?: string;
    } = {},
  ): QueueClient {
    const client = createClient(
      {
        url: options.url ?? this.backend.url,
        queues: Object.fromEntries(queues.map((queue) => [queue.name, entityConfig(queue)])),
      },
      [this.#wrap(options.provider ?? this.backend.provider())],
      { clock: this.time.clock, listener: this.events.listener(), middleware: options.middleware ?? [] },
    );
    this.#clients.push(client);
    return client;
  }

  /** The contract itself on a queue of this case. */
  driver(queue: TestQueue): DriverBench {
    let adapter: QueueAdapter | undefined;
    const provider = this.#wrap(this.backend.provider(), (connected) => {
      adapter = connected;
    });
    const client = createClient(
      { url: this.backend.url, queues: { [queue.name]: entityConfig(queue) } },
      [provider],
      {
        clock: this.time.clock,
      },
    );
    this.#clients.push(client);
    assert.ok(adapter, "a client connects when it is made");
    const driver = new DriverBench(this, queue, adapter);
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

  /** Lets time pass at the broker and at the clients. */
  async advance(ms: number): Promise<void> {
    await this.time.advance(ms);
    this.#rethrow();
  }

  /** Waits until `condition` holds, letting time pass where it can be moved; fails after `withinMs` of that time. */
  async until(
    claim: string,
    condition: () => boolean | Promise<boolean>,
    withinMs: number = DEFAULT_WITHIN_MS,
  ): Promise<void> {
    const startedAtMs = this.now();
    let stepMs = 5;
    for (let beat = 0; ; beat += 1) {
      this.#rethrow();
      if (await condition()) return;
      await this.time.beat();
      if (await condition()) return;
      assert.ok(this.now() - startedAtMs <= withinMs, `not within ${withinMs} ms: ${claim}`);
      if (beat < PATIENT_BEATS || this.backend.time.kind === "real") continue;
      await this.time.advance(stepMs);
      stepMs = Math.min(stepMs * 1.3, this.leaseMs / 60);
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

  /** Events of one name. */
  reported(name: EventName): readonly ReportedEvent[] {
    return this.events.of(name);
  }

  /** Ends everything that the case began. */
  async close(): Promise<void> {
    this.plan.clear();
    this.#controller.abort();
    const closing = [
      ...this.#drivers.map((driver) => driver.close()),
      ...this.#clients.map((client) => client.close({ timeout: "1s" })),
    ];
    const all = Promise.allSettled(closing);
    let isDone = false;
    void all.then(() => {
      isDone = true;
    });
    const failuresBefore = this.#failures.length;
    await this.until("everything closes", () => isDone).catch(async (error: unknown) => {
      if (this.#failures.length > failuresBefore || !isDone) throw error;
    });
    this.#rethrow();
  }

  #rethrow(): void {
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

  #wrap(provider: Provider, onConnect: (adapter: QueueAdapter) => void = () => undefined): Provider {
    return {
      ...provider,
      clock: this.time.clock,
      connect: (url, context) => {
        const adapter = faulty(provider.connect(url, context), this.plan);
        onConnect(adapter);
        return adapter;
      },
    };
  }
}

function entityConfig(queue: TestQueue): { readonly name: string; readonly deadLetter?: string } {
  return {
    name: queue.entity,
    ...(queue.deadLetterEntity === undefined ? {} : { deadLetter: queue.deadLetterEntity }),
  };
}
