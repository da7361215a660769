import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HistoryWriter, readHistory, type HistoryVerdict } from "@anyqueue/conformance";
import { seededRandom } from "@anyqueue/core/testing";
import { cellName, type Arena, type Cell, type FaultKind } from "./cell.ts";
import { ATTEMPTS, QUEUE } from "./chaos-queue.ts";
import { Crew } from "./crew.ts";
import { HistoryTail } from "./history-tail.ts";
import { AFTER, messagesOf, PHASE_PLANS, WARM_UP, type Wave } from "./phases.ts";
import { stageOf, type Stage } from "./providers.ts";
import { judge, type Row } from "./row.ts";
import { openSite, type Site } from "./site.ts";

const CONCURRENCY = 8;
const PREFETCH = 4;
/** The longest time until a phase must be reached, milliseconds. */
const REACH_MS = 45_000;
const DEFAULT_FAULT_MS = 1_500;
const DEFAULT_RECOVERY_MS = 10_000;
/** The time after the recovery in which all work must be done, milliseconds. */
const WORK_MS = 40_000;
/** Failing requests and new connections of a cell. More than messages and pauses explain is a hot loop. */
const FAILURES_A_MINUTE = 3_000;
/** Tries of one message in the first seconds, 50 ms apart and then twice as long. They are not a hot loop. */
const FIRST_TRIES = 5;
/** Allowed delay between two processes on a machine that is busy with both. */
const SLACK_MS = 1_000;
const POLL_MS = 25;
const WARM_UPS = 3;

/** The result of a cell that ran. */
export interface CellResult {
  readonly row: Row;
  /** Absent if there is no history. */
  readonly verdict?: HistoryVerdict;
  readonly folder: string;
}

/** Runs one cell in processes of its own. They write their histories below `folder`. */
export async function runCell(cell: Cell, folder: string, seed: number): Promise<CellResult> {
  const run = new CellRun(cell, join(folder, `${cellName(cell).replaceAll("/", "-")}-${seed}`), seed);
  return await run.run();
}

class CellRun {
  readonly #cell: Cell;
  readonly #folder: string;
  readonly #seed: number;
  readonly #random: () => number;
  readonly #watcher: HistoryWriter;
  readonly #crew: Crew;
  readonly #tail: HistoryTail;
  readonly #complaints: string[] = [];
  readonly #delays: string[] = [];

  constructor(cell: Cell, folder: string, seed: number) {
    this.#cell = cell;
    this.#folder = folder;
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.#watcher = new HistoryWriter(folder, "watcher");
    const settings = { stage: cell.provider, folder, concurrency: CONCURRENCY, prefetch: PREFETCH };
    this.#crew = new Crew(settings, this.#watcher);
    this.#tail = new HistoryTail(folder, 1.5 * stageOf(cell.provider).leaseMs);
  }

  async run(): Promise<CellResult> {
    const { provider, fault, phase } = this.#cell;
    const stage = stageOf(provider);
    try {
      await this.#play();
    } catch (error) {
      // One broken cell must not cost the report of hundreds of others.
      this.#complaints.push(`the cell broke off: ${String(error)}`);
    } finally {
      await this.#endCrew();
      this.#watcher.close();
    }
    const events = readHistory(this.#folder);
    this.#complaints.push(...(fault.verify?.(events) ?? []));
    const promises = {
      ordered: stage.ordered,
      attempts: ATTEMPTS,
      slackMs: SLACK_MS,
      concurrency: CONCURRENCY,
      // An ordered target has additional room for messages behind busy keys.
      prefetch: stage.ordered || fault.blursLeases === true ? undefined : PREFETCH,
      recoveryMs: recoveryOf(this.#cell, stage),
      emptyAsksPerMinute: FAILURES_A_MINUTE,
      ...stage.promises,
    };
    // With this file, `pnpm judge` on the folder gives the same verdict.
    writeFileSync(join(this.#folder, "promises.json"), `${JSON.stringify(promises, null, 2)}\n`);
    const found = { complaints: this.#complaints, delays: this.#delays };
    const facts = { provider, fault: fault.name, phase, seed: this.#seed, ...found, promises };
    return { ...judge(events, facts), folder: this.#folder };
  }

  async #play(): Promise<void> {
    const site = await openSite({
      cell: this.#cell,
      seed: this.#seed,
      crew: this.#crew,
      watcher: this.#watcher,
      tail: this.#tail,
      random: this.#random,
    });
    try {
      await this.#warmUp(site.arena);
      await this.#meetFault(site);
      await this.#work(site.arena.stage);
      await this.#endCrew();
      await site.readLeftovers();
    } finally {
      await site.close();
    }
  }

  async #endCrew(): Promise<void> {
    const { complaints, delays } = await this.#crew.end();
    this.#complaints.push(...complaints);
    this.#delays.push(...delays);
  }

  async #meetFault({ arena, heal }: Site): Promise<void> {
    const { fault, phase } = this.#cell;
    const plan = PHASE_PLANS[phase];
    await fault.prepare?.(arena);
    const sent = [this.#send(arena, plan.before, "before")];
    const isReached = await this.#until(() => plan.isReached(this.#tail.read()), REACH_MS);
    if (!isReached) this.#delays.push(`the phase ${phase} never came about`);
    const failuresBefore = await arena.wire?.countFailures();
    const startedAt = performance.now();
    this.#note("fault.start");
    const beginning = fault.begin(arena);
    if (fault.sendsAfterBegin === true) await beginning;
    sent.push(this.#send(arena, fault.during ?? plan.during, "during"));
    await beginning;
    await sleep(durationOf(fault, arena.stage));
    const expected = FIRST_TRIES * (fault.during ?? plan.during).count;
    await this.#count(arena, (failuresBefore ?? 0) + expected, performance.now() - startedAt);
    await fault.end?.(arena);
    await heal();
    this.#note("fault.stop");
    await Promise.all(sent);
    await this.#sendAfter(arena);
  }

  /** Records what failed while the fault lasted. The checker decides whether that is a hot loop. */
  async #count({ wire }: Arena, before: number, durationMs: number): Promise<void> {
    if (wire === undefined) return;
    const calls = Math.max(0, (await wire.countFailures()) - before);
    const cost = { operation: "failing", calls, empty: calls, durationMs };
    this.#watcher.write("cost", this.#watcher.operation(), cost);
  }

  /** Sends until something is confirmed again, because a producer must recover too. */
  async #sendAfter(arena: Arena): Promise<void> {
    const before = this.#tail.read().confirmed;
    const until = performance.now() + recoveryOf(this.#cell, arena.stage);
    for (let tries = 1; this.#tail.read().confirmed === before; tries += 1) {
      if (performance.now() > until) {
        this.#delays.push("nothing could be sent after the fault");
        return;
      }
      // oxlint-disable-next-line no-await-in-loop -- once more only where it failed
      await this.#send(arena, AFTER, `after-${tries}`);
    }
  }

  /** Sends until one message is done, so that everything is loaded and connected. */
  async #warmUp(arena: Arena): Promise<void> {
    for (let tries = 1; tries <= WARM_UPS; tries += 1) {
      // oxlint-disable-next-line no-await-in-loop -- once more only where it failed
      await this.#send(arena, WARM_UP, `warm-up-${tries}`);
      const isThrough = (): boolean => this.#tail.read().confirmed > 0 && this.#tail.open === 0;
      // oxlint-disable-next-line no-await-in-loop
      if (await this.#until(isThrough, REACH_MS)) return;
    }
    this.#delays.push("nothing got through before the fault");
  }

  async #send({ producer, stage }: Arena, wave: Wave, name: string): Promise<void> {
    if (wave.count === 0) return;
    const messages = messagesOf(wave, name, stage.leaseMs, this.#random);
    const isSent = producer.hear((news) => news.kind === "sent" && news.wave === name);
    producer.tell({ kind: "send", wave: name, messages, everyMs: wave.everyMs });
    await isSent;
  }

  /** Waits until every confirmed message is done. */
  async #work(stage: Stage): Promise<void> {
    const patienceMs = recoveryOf(this.#cell, stage) + WORK_MS;
    const isDone = await this.#until(() => this.#tail.read().open === 0, patienceMs);
    if (!isDone) this.#delays.push(`${this.#tail.open} confirmed messages were not done in time`);
  }

  #note(type: "fault.start" | "fault.stop"): void {
    const { fault } = this.#cell;
    const what = `${fault.rows[0] ?? ""} ${fault.name}`;
    this.#watcher.write(type, this.#watcher.operation(), { fault: what, seed: this.#seed });
    if (type === "fault.stop") this.#watcher.write("drain.start", this.#watcher.operation(), { dest: QUEUE });
  }

  async #until(isTrue: () => boolean, patienceMs: number): Promise<boolean> {
    for (const until = performance.now() + patienceMs; performance.now() < until;) {
      if (isTrue()) return true;
      // oxlint-disable-next-line no-await-in-loop -- it is a poll
      await sleep(POLL_MS);
    }
    return isTrue();
  }
}

function durationOf({ forMs, forLeases }: FaultKind, { leaseMs }: Stage): number {
  return forMs ?? (forLeases === undefined ? DEFAULT_FAULT_MS : forLeases * leaseMs);
}

/**
 * How long a recovery may take: the longest pause between two tries. A message that was being handled may
 * also wait for the end of its lease, and twice if its key waited too. A fault of sending affects no lease.
 */
function recoveryOf({ fault, phase }: Cell, { leaseMs }: Stage): number {
  const leases = phase === "send" ? 0 : 2;
  return leases * leaseMs + (fault.recoveryMs ?? DEFAULT_RECOVERY_MS);
}
