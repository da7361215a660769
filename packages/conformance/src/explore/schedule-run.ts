import {
  createClient,
  DeadLetterError,
  deadLetters,
  RetryError,
  type DrainReport,
  type Handler,
  type QueueClient,
  type QueueConsumer,
  type QueueDefinition,
} from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import type { VirtualClock } from "@anyqueue/core/testing";
import { FaultPlan } from "../fault-plan.ts";
import { faulty } from "../faulty.ts";
import { HistoryRecorder } from "../history/history-recorder.ts";
import { messageHash } from "../history/message-hash.ts";
import type { HistoryEvent } from "../history/history-event.ts";
import type { HistorySink } from "../history/history-writer.ts";
import type { Broker } from "./explore-seed.ts";
import { EXPLORED_QUEUE, exploredQueue, type ExploredBody } from "./explored-queue.ts";
import { MemoryHistory } from "./memory-history.ts";
import type { Behaviour, Incident, PlannedMessage, Schedule } from "./schedule.ts";
import { EMPTY_POLLS, untilEmpty } from "./until-empty.ts";

interface RunningConsumer {
  readonly client: QueueClient;
  readonly consumer: QueueConsumer<ExploredBody>;
  readonly recorder: HistoryRecorder;
  readonly running: Promise<DrainReport>;
}

/** Longest time in which everything must be done after the last incident. */
const PATIENCE_MS = 3_600_000;
const STEP_MS = 250;

/** One schedule, carried out on one broker in virtual time. */
export class ScheduleRun {
  readonly #schedule: Schedule;
  readonly #clock: VirtualClock;
  readonly #broker: Broker;
  readonly #plan: FaultPlan;
  readonly #history: MemoryHistory;
  readonly #definition: QueueDefinition<ExploredBody>;
  readonly #behaviours: ReadonlyMap<string, Behaviour>;
  readonly #runs = new Map<string, number>();
  readonly #consumers: RunningConsumer[] = [];
  readonly #closing: Promise<void>[] = [];
  #started = 0;

  constructor(schedule: Schedule, clock: VirtualClock, broker: Broker) {
    this.#schedule = schedule;
    this.#clock = clock;
    this.#broker = broker;
    this.#plan = new FaultPlan(() => clock.now());
    this.#history = new MemoryHistory(clock);
    this.#definition = exploredQueue(schedule);
    this.#behaviours = new Map(schedule.messages.map(({ id, behaviour }) => [id, behaviour]));
  }

  /** The most that a consumer of this run may ever run at once. */
  get maxConcurrency(): number {
    const changes = this.#schedule.incidents.flatMap((one) => (one.kind === "concurrency" ? [one.to] : []));
    return Math.max(this.#schedule.concurrency, ...changes);
  }

  async run(): Promise<readonly HistoryEvent[]> {
    const { consumers, messages, incidents } = this.#schedule;
    const producing = this.#client("producer");
    await this.#admin(async (client) => await client.admin.create(this.#definition));
    for (let index = 0; index < consumers; index += 1) this.#consumers.push(this.#start());
    const sends: Promise<unknown>[] = [];
    const todo = [
      ...messages.map((message) => ({
        atMs: message.atMs,
        act: () => void sends.push(this.#send(producing, message)),
      })),
      ...incidents.map((incident) => ({ atMs: incident.atMs, act: () => this.#meet(incident) })),
    ].toSorted((a, b) => a.atMs - b.atMs);
    for (const { atMs, act } of todo) {
      await this.#clock.advanceTo(atMs);
      act();
    }
    await this.#heal();
    await this.#until(Promise.all(sends));
    await this.#work();
    for (const consumer of this.#consumers) this.#closing.push(this.#close(consumer));
    await this.#until(Promise.all(this.#closing));
    await this.#until(producing.client.close());
    await this.#readWhatIsLeft();
    return this.#history.events;
  }

  async #send(
    { client, recorder }: { client: QueueClient; recorder: HistoryRecorder },
    message: PlannedMessage,
  ): Promise<void> {
    const { id } = message;
    const key = `k-${message.key}`;
    const options = { id, attributes: { from: "explorer" } };
    const place = this.#schedule.ordered ? { key, kseq: this.#schedule.messages.indexOf(message) } : {};
    // What cannot be sent is in the history; a latched key stays latched, which refuses its later messages.
    await recorder
      .send(client.producer(this.#definition), EXPLORED_QUEUE, { id, key }, options, place)
      .catch(() => undefined);
  }

  #client(proc: string): {
    readonly client: QueueClient;
    readonly recorder: HistoryRecorder;
    readonly sink: HistorySink;
  } {
    const sink = this.#history.sink(proc);
    const recorder = new HistoryRecorder(sink);
    const { provider, url } = this.#broker;
    const failing: Provider = {
      ...provider,
      connect: (target, context) => faulty(provider.connect(target, context), this.#plan),
    };
    return { client: createClient(url, [recorder.provider(failing)]), recorder, sink };
  }

  #start(): RunningConsumer {
    this.#started += 1;
    const { client, recorder } = this.#client(`worker-${this.#started}`);
    const { concurrency, handlerTimeoutMs } = this.#schedule;
    const consumer = client.consumer(this.#definition, {
      concurrency,
      ...(handlerTimeoutMs === undefined ? {} : { handlerTimeout: `${handlerTimeoutMs}ms` }),
    });
    const running = consumer.run(recorder.handler(this.#handler()));
    running.catch(() => undefined);
    return { client, consumer, recorder, running };
  }

  #handler(): Handler<ExploredBody> {
    return async ({ id }, { signal }) => {
      const run = (this.#runs.get(id) ?? 0) + 1;
      this.#runs.set(id, run);
      const behaviour = this.#behaviours.get(id);
      if (behaviour === undefined) return;
      await this.#pass(behaviour.hangs && run === 1 ? PATIENCE_MS : behaviour.takesMs, signal);
      if (run > behaviour.failures) return;
      if (behaviour.failure === "dead-letter") throw new DeadLetterError("the explorer gives it up");
      if (behaviour.failure === "retry") throw new RetryError({ delay: "2s" });
      throw new Error("the explorer lets it fail");
    };
  }

  /** Resolves after some time, or soon after the signal: a handler that listens. */
  async #pass(ms: number, signal: AbortSignal): Promise<void> {
    if (ms === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(resolve, ms);
      signal.addEventListener(
        "abort",
        () => {
          timer.cancel();
          resolve();
        },
        { once: true },
      );
    });
  }

  #meet(incident: Incident): void {
    switch (incident.kind) {
      case "fault":
        this.#plan.fail(incident.fault);
        return;
      case "lose-leases":
        // The broker keeps the leases; the holders are told that they are gone, and they end by themselves.
        this.#plan.loseAllLeases();
        return;
      case "stall":
        this.#clock.stall(incident.forMs);
        return;
      case "jump":
        this.#clock.jumpWall(incident.byMs);
        return;
      case "pause": {
        const paused = this.#consumers[incident.consumer];
        paused?.consumer.pause();
        this.#clock.setTimer(() => paused?.consumer.resume(), incident.forMs);
        return;
      }
      case "restart": {
        const old = this.#consumers[incident.consumer];
        if (old === undefined) return;
        this.#closing.push(this.#close(old));
        this.#consumers[incident.consumer] = this.#start();
        return;
      }
      case "concurrency": {
        const changed = this.#consumers[incident.consumer];
        if (changed !== undefined) changed.consumer.concurrency = incident.to;
      }
    }
  }

  async #close({ client, consumer, recorder }: RunningConsumer): Promise<void> {
    recorder.closed(await consumer.close({ timeout: "20s" }));
    await client.close();
  }

  /** From here on nothing goes wrong any more. */
  async #heal(): Promise<void> {
    this.#plan.clear();
    const sink = this.#history.sink("watcher");
    sink.write("fault.start", sink.operation(), { fault: "schedule", seed: this.#schedule.seed });
    sink.write("fault.stop", sink.operation(), { fault: "schedule" });
    await this.#clock.settle();
  }

  /** Lets time pass until everything that may be stored is done. */
  async #work(): Promise<void> {
    const untilMs = this.#clock.now() + PATIENCE_MS;
    while (this.#clock.now() < untilMs && !this.#isDone()) await this.#clock.advance(STEP_MS);
  }

  #isDone(): boolean {
    const open = new Map<string, string>();
    const done = new Set<string>();
    const byToken = new Map<string, string>();
    for (const event of this.#history.events) {
      if (event.type === "send.invoke") open.set(event.op, event.mid);
      else if (event.type === "send.fail") open.delete(event.op);
      else if (event.type === "deliver") byToken.set(event.tok, event.mid);
      else if (event.type === "settle.ok" && event.kind !== "release") done.add(byToken.get(event.tok) ?? "");
    }
    const sure = this.#history.events.flatMap((event) =>
      event.type === "send.ok" ? [open.get(event.op) ?? ""] : [],
    );
    return sure.every((mid) => done.has(mid));
  }

  /** Time passes for what takes time. */
  async #until(done: Promise<unknown>): Promise<void> {
    let isDone = false;
    const ending = done.finally(() => {
      isDone = true;
    });
    ending.catch(() => undefined);
    for (let left = PATIENCE_MS; left > 0 && !isDone; left -= STEP_MS) await this.#clock.advance(STEP_MS);
    await ending;
  }

  async #admin(act: (client: QueueClient) => Promise<unknown>): Promise<void> {
    const client = createClient(this.#broker.url, [this.#broker.provider]);
    await this.#until(act(client));
    await this.#until(client.close());
  }

  async #readWhatIsLeft(): Promise<void> {
    const sink = this.#history.sink("watcher");
    await this.#admin(async (client) => {
      const graveyard = client.consumer(deadLetters(this.#definition));
      for await (const letter of untilEmpty(graveyard)) {
        const { id: mid, providerId: bid, attributes, body, deadLettered } = letter;
        const hash = messageHash(body, attributes);
        const reason = deadLettered?.reason;
        sink.write("dlq.deliver", sink.operation(), {
          mid,
          bid,
          hash,
          ...(reason === undefined ? {} : { reason }),
        });
        await letter.ack();
      }
      await graveyard.close();
      sink.write("drain.start", sink.operation(), { dest: EXPLORED_QUEUE });
      const rest = client.consumer(this.#definition);
      for await (const message of untilEmpty(rest)) {
        sink.write("drain.deliver", sink.operation(), { mid: message.id, dest: EXPLORED_QUEUE });
        await message.ack();
      }
      sink.write("drain.end", sink.operation(), { dest: EXPLORED_QUEUE, emptyPolls: EMPTY_POLLS });
      await rest.close();
    });
  }
}
