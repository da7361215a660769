import { createClient, type QueueClient, type QueueDefinition } from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import type { VirtualClock } from "@anyqueue/core/testing";
import { FaultPlan } from "../fault-plan.ts";
import { faulty } from "../faulty.ts";
import { HistoryRecorder } from "../history/history-recorder.ts";
import type { HistoryEvent } from "../history/history-event.ts";
import type { HistorySink } from "../history/history-writer.ts";
import { leaseHash } from "../history/message-hash.ts";
import type { Broker } from "./explore-seed.ts";
import { ExploredHandlers } from "./explored-handlers.ts";
import { exploredQueue, sentQueue, type ExploredBody } from "./explored-queue.ts";
import { isAllDone } from "./is-all-done.ts";
import { Life } from "./life.ts";
import { MemoryHistory } from "./memory-history.ts";
import { PULLED_AT_ONCE } from "./pulling.ts";
import { REDRIVE_LEASE_MS, redriveSome, type Redriving } from "./redriving.ts";
import type { Connected, RunningConsumer } from "./running-consumer.ts";
import type { Incident, PlannedMessage, Schedule } from "./schedule.ts";
import { sendPlanned } from "./send-planned.ts";
import { readWhatIsLeft } from "./read-what-is-left.ts";
import { THROWING_LISTENER } from "./throwing-listener.ts";

/** Time after the last incident within which everything must be done. */
const PATIENCE_MS = 3_600_000;
const STEP_MS = 250;
/** Longer than every pause, lease and handler: whoever is silent for this long is done, or stalled. */
const SILENCE_MS = 120_000;
/** A close takes at most a few seconds longer than it may; the event loop may be stalled meanwhile. */
const CLOSE_SLACK_MS = 20_000;
/** Time from the end of a failed consumer to its next start. */
const RESTART_MS = 500;

/** Carries out one schedule on one broker in virtual time. */
export class ScheduleRun {
  readonly #schedule: Schedule;
  readonly #clock: VirtualClock;
  readonly #broker: Broker;
  readonly #plan: FaultPlan;
  readonly #history: MemoryHistory;
  /** The consumers' definition of the queue; `#sent` is the producer's. */
  readonly #definition: QueueDefinition<ExploredBody>;
  readonly #sent: QueueDefinition<ExploredBody>;
  readonly #handlers: ExploredHandlers;
  readonly #consumers: RunningConsumer[] = [];
  readonly #closing: Promise<unknown>[] = [];
  readonly #redrives: Promise<void>[] = [];
  readonly #watcher: HistorySink;
  #producing: Connected;
  #started = 0;
  #isEnding = false;

  constructor(schedule: Schedule, clock: VirtualClock, broker: Broker) {
    this.#schedule = schedule;
    this.#clock = clock;
    this.#broker = broker;
    this.#plan = new FaultPlan(() => clock.now());
    this.#history = new MemoryHistory(clock);
    this.#definition = exploredQueue(schedule);
    this.#sent = sentQueue(schedule);
    this.#handlers = new ExploredHandlers(schedule, clock);
    this.#watcher = this.#history.sink("watcher");
    this.#producing = this.#connect("producer");
  }

  /** The highest concurrency that a consumer of this run may ever have. */
  get maxConcurrency(): number {
    const changes = this.#schedule.incidents.flatMap((one) => (one.kind === "concurrency" ? [one.to] : []));
    const { concurrency, batch = 1, modes = [] } = this.#schedule;
    const pulls = modes.some((mode) => mode !== "run");
    return Math.max(concurrency * batch, ...changes.map((to) => to * batch), pulls ? PULLED_AT_ONCE : 0);
  }

  async run(): Promise<readonly HistoryEvent[]> {
    const { consumers, messages, incidents } = this.#schedule;
    await this.#admin(async (client) => await client.admin.create(this.#definition));
    for (let place = 0; place < consumers; place += 1) this.#consumers.push(this.#start(place));
    const sends: Promise<unknown>[] = [];
    const todo = [
      ...messages.map((message) => ({
        atMs: message.atMs,
        act: () => void sends.push(this.#send(message)),
      })),
      ...incidents.map((incident) => ({ atMs: incident.atMs, act: () => this.#meet(incident) })),
    ].toSorted((a, b) => a.atMs - b.atMs);
    for (const { atMs, act } of todo) {
      await this.#clock.advanceTo(atMs);
      act();
    }
    await this.#heal();
    await this.#until(Promise.all([...sends, ...this.#redrives]));
    await this.#work();
    // What a service took late without a word comes again when its lease ends.
    if (this.#broker.service !== undefined) await this.#clock.advance(2 * this.#schedule.leaseMs);
    this.#isEnding = true;
    for (const consumer of this.#consumers) this.#closeLater(this.#close(consumer));
    await this.#until(Promise.all(this.#closing));
    await this.#until(this.#producing.client.close());
    for (const { lease, atMs, brokenAtMs } of this.#broker.service?.handOuts() ?? []) {
      this.#history.record("hand.out", leaseHash(lease), atMs);
      if (brokenAtMs !== undefined) this.#history.record("lease.broken", leaseHash(lease), brokenAtMs);
    }
    if (this.#redrives.length > 0) await this.#clock.advance(REDRIVE_LEASE_MS);
    await this.#admin(async (client) => await readWhatIsLeft(client, this.#definition, this.#watcher));
    return this.#history.events;
  }

  async #send(message: PlannedMessage): Promise<void> {
    const { life } = this.#producing;
    const sending = sendPlanned(message, this.#schedule, this.#sent, this.#producing, this.#clock);
    await Promise.race([sending, life.over]);
  }

  #connect(proc: string): Connected {
    const { provider, service, url } = this.#broker;
    const life = new Life(proc);
    const recorder = new HistoryRecorder(life.sink(this.#history.sink(proc)), "consumer", service?.leaseOf);
    const isMortal = this.#schedule.incidents.some(({ kind }) => kind === "kill" || kind === "kill-producer");
    const failing: Provider = {
      ...provider,
      connect: (target, context) => {
        const adapter = provider.connect(target, context);
        return faulty(isMortal ? life.adapter(adapter) : adapter, this.#plan);
      },
    };
    const listener = this.#schedule.listenerThrows ? THROWING_LISTENER : {};
    const client = createClient(url, [recorder.provider(failing)], { clock: this.#clock, listener });
    return { client, recorder, life };
  }

  #start(place: number): RunningConsumer {
    this.#started += 1;
    const connected = this.#connect(`worker-${this.#started}`);
    const { client, recorder, life } = connected;
    const { concurrency, handlerTimeoutMs, prefetch, rateLimit, modes = [] } = this.#schedule;
    const consumer = client.consumer(this.#definition, {
      concurrency,
      prefetch,
      ...(rateLimit && { rateLimit: { count: rateLimit.count, per: `${rateLimit.perMs}ms` } }),
      ...(handlerTimeoutMs === undefined ? {} : { handlerTimeout: `${handlerTimeoutMs}ms` }),
    });
    const ending = new AbortController();
    const mode = modes[place] ?? "run";
    const running =
      mode === "run"
        ? this.#handlers.run(consumer, recorder)
        : this.#handlers.pull(mode, consumer, recorder, ending.signal);
    const started = { ...connected, consumer, ending };
    // An error that a retry cannot fix ends a consumer; a supervisor starts it again.
    running.catch(() => this.#clock.setTimer(() => !life.isOver && this.#replace(started), RESTART_MS));
    return started;
  }

  #replace(old: RunningConsumer): void {
    const place = this.#consumers.indexOf(old);
    if (place === -1 || this.#isEnding) return;
    this.#closeLater(old.client.close());
    this.#consumers[place] = this.#start(place);
  }

  #meet(incident: Incident): void {
    switch (incident.kind) {
      case "fault":
        this.#plan.fail(incident.fault);
        return;
      case "lose-leases":
        // The broker keeps the leases until they expire; only their holders are told that they are gone.
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
      case "hold": {
        const { operation, when, times, forMs } = incident;
        const hold = this.#plan.hold(operation, { when, times });
        this.#clock.setTimer(() => hold.release(), forMs);
        return;
      }
      case "kill": {
        const old = this.#consumers[incident.consumer];
        if (old !== undefined) this.#kill(old.life);
        this.#consumers[incident.consumer] = this.#start(incident.consumer);
        return;
      }
      case "kill-producer":
        this.#kill(this.#producing.life);
        this.#producing = this.#connect(`producer-${incident.atMs}`);
        return;
      case "restart": {
        const old = this.#consumers[incident.consumer];
        if (old === undefined) return;
        this.#closeLater(this.#close(old, incident.withinMs));
        this.#consumers[incident.consumer] = this.#start(incident.consumer);
        return;
      }
      case "restart-producer":
        this.#closeLater(this.#producing.client.close({ timeout: `${incident.withinMs}ms` }));
        this.#producing = this.#connect(`producer-${incident.atMs}`);
        return;
      case "redrive":
        this.#redrives.push(this.#redrive(incident));
        return;
      case "broker-fault":
        this.#failBroker(incident);
        return;
      case "concurrency": {
        const changed = this.#consumers[incident.consumer];
        if (changed !== undefined) changed.consumer.concurrency = incident.to;
      }
    }
  }

  async #redrive(redriving: Redriving): Promise<void> {
    const proc = `redriver-${this.#redrives.length}`;
    const parts = { definition: this.#sent, broker: this.#broker, plan: this.#plan, clock: this.#clock };
    const kill = (life: Life): void => this.#kill(life);
    await redriveSome(redriving, { ...parts, proc, sink: this.#history.sink(proc), kill });
  }

  #failBroker({ fault, forMs }: Extract<Incident, { kind: "broker-fault" }>): void {
    this.#watcher.write("fault.start", this.#watcher.operation(), { fault: fault.name });
    const end = this.#broker.service?.fail(fault);
    this.#clock.setTimer(() => end?.(), forMs);
  }

  #kill(life: Life): void {
    life.kill(this.#watcher);
    // A service notices that the connections of a dead process are gone.
    if (this.#broker.service !== undefined) this.#closeLater(life.cut());
  }

  #closeLater(closing: Promise<unknown>): void {
    closing.catch(() => undefined);
    this.#closing.push(closing);
  }

  async #close(running: RunningConsumer, withinMs = 20_000): Promise<void> {
    const { client, consumer, recorder, ending } = running;
    const startedAtMs = this.#clock.now();
    ending.abort();
    recorder.closed(await consumer.close({ timeout: `${withinMs}ms` }));
    const lateMs = this.#clock.now() - startedAtMs - withinMs;
    await client.close();
    if (lateMs > CLOSE_SLACK_MS) throw new Error(`a close of ${withinMs} ms took ${lateMs} ms longer`);
  }

  /** Ends all faults. */
  async #heal(): Promise<void> {
    this.#plan.clear();
    this.#broker.service?.heal();
    const sink = this.#watcher;
    sink.write("fault.start", sink.operation(), { fault: "schedule", seed: this.#schedule.seed });
    sink.write("fault.stop", sink.operation(), { fault: "schedule" });
    await this.#clock.settle();
  }

  /** Lets time pass until all that may be stored is done; checks only after steps that wrote events. */
  async #work(): Promise<void> {
    const untilMs = this.#clock.now() + PATIENCE_MS;
    let written = 0;
    let silentMs = 0;
    while (
      this.#clock.now() < untilMs &&
      silentMs < SILENCE_MS &&
      // Nobody tells when a dead letter that was moved back is done.
      (silentMs > 0 || this.#redrives.length > 0 || !isAllDone(this.#history.events))
    ) {
      await this.#clock.advance(STEP_MS);
      silentMs = this.#history.events.length === written ? silentMs + STEP_MS : 0;
      written = this.#history.events.length;
    }
  }

  /** Lets time pass until `done` settles. */
  async #until(done: Promise<unknown>): Promise<void> {
    let isDone = false;
    const ending = done.finally(() => {
      isDone = true;
    });
    ending.catch(() => undefined);
    for (let left = PATIENCE_MS; left > 0 && !isDone; left -= STEP_MS) await this.#clock.advance(STEP_MS);
    if (!isDone) throw new Error("a send or a close does not end");
    await ending;
  }

  async #admin(act: (client: QueueClient) => Promise<unknown>): Promise<void> {
    const client = createClient(this.#broker.url, [this.#broker.provider], { clock: this.#clock });
    await this.#until(act(client));
    await this.#until(client.close());
  }
}
