import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { deadLetters, type DrainReport, type QueueClient } from "@anyqueue/core";
import { connectAsConfigured } from "./connect-as-configured.ts";
import { webhookHandler } from "./handler.ts";
import { createJournalReader, openJournal } from "./journal.ts";
import { webhookDeliveries } from "./payloads.ts";
import type { Stage } from "./providers.ts";
import { webhooks } from "./queue.ts";
import { Tally, type Aggregates } from "./tally.ts";

/** One row of the final table. */
export interface ProviderResult {
  readonly provider: string;
  readonly sent: number;
  readonly handled: number;
  readonly retried: number;
  readonly deadLettered: number;
  readonly duplicates: number;
  readonly lost: number;
  /** Rate of the first nine tenths. The rest waits for retries and for the leases of the killed worker. */
  readonly messagesPerSecond: number;
  readonly requestsPerMessage: number;
}

export interface ProviderRun {
  readonly result: ProviderResult;
  readonly aggregates: Aggregates;
}

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
const CONCURRENT_SENDS = 200;
/** A worker dies after this share of the messages: while it works, and early enough for its leases to end. */
const KILL_AT = 0.15;
/** After this share the rest waits for next attempts, or for the leases of the killed worker. */
const BUSY_SHARE = 0.9;
/** After this time without progress the rest counts as lost. */
const PATIENCE_MS = 30_000;

/** Gets the progress of a run. */
export interface Watcher {
  onProgress(settled: number): void;
  /** Nearly all is done. The rest waits and keeps no processor busy. */
  onWaiting(): void;
}

/** Sends `count` webhooks, lets workers handle them, kills one of the workers midway, and counts. */
export async function runProvider(stage: Stage, count: number, watcher: Watcher): Promise<ProviderRun> {
  // For the connection of this process. The workers get the environment when they start.
  Object.assign(process.env, stage.environment);
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-webhooks-"));
  const client = await connectAsConfigured();
  const tally = new Tally();
  const readJournals = createJournalReader(folder);
  try {
    await client.admin.create(webhooks);
    const workers = stage.spansProcesses ? workerProcesses(folder, stage) : workerInside(client, folder);
    const graveyard = client.consumer(deadLetters(webhooks));
    const burying = graveyard.run((message) => tally.addDeadLetter(message.id));
    const sending = sendAll(client, count);
    const perSecond = await followProgress();
    await sending;
    await Promise.all([workers.stop(), graveyard.close()]);
    await burying;
    for (const entry of readJournals()) tally.add(entry);
    return { result: await summarize(perSecond), aggregates: tally.aggregates };

    /** Waits until all is settled. Returns the rate of the busy part, without the waits for leases. */
    async function followProgress(): Promise<number> {
      const startedAt = performance.now();
      let [lastChange, perSecond] = [startedAt, 0];
      for (let settled = -1; settled < count && performance.now() - lastChange < PATIENCE_MS;) {
        if (settled >= 0) await sleep(50);
        for (const entry of readJournals()) tally.add(entry);
        if (tally.settled > count * KILL_AT) workers.killOne();
        if (tally.settled !== settled) lastChange = performance.now();
        settled = tally.settled;
        watcher.onProgress(settled);
        if (perSecond > 0 || settled < count * BUSY_SHARE) continue;
        perSecond = Math.round(settled / ((lastChange - startedAt) / 1_000));
        watcher.onWaiting();
      }
      return perSecond;
    }
  } finally {
    await client.close();
    await rm(folder, { recursive: true, force: true });
  }

  async function summarize(messagesPerSecond: number): Promise<ProviderResult> {
    return {
      provider: stage.provider,
      sent: count,
      handled: tally.handled,
      retried: tally.retried,
      deadLettered: tally.deadLettered,
      duplicates: tally.duplicates,
      lost: count - tally.settled,
      messagesPerSecond,
      requestsPerMessage: Number(((await stage.countRequests()) / count).toFixed(3)),
    };
  }
}

/** Calls `send` from many callers at once, like an HTTP server that receives webhooks. */
async function sendAll(client: QueueClient, count: number): Promise<void> {
  const producer = client.producer(webhooks);
  const deliveries = webhookDeliveries(count);
  const caller = async (): Promise<void> => {
    for (const { id, body, attributes } of deliveries) await producer.send(body, { id, attributes });
  };
  await Promise.all(Array.from({ length: CONCURRENT_SENDS }, caller));
}

interface Workers {
  /** Ends one worker without warning, once. */
  killOne(): void;
  stop(): Promise<unknown>;
}

function workerProcesses(folder: string, { environment }: Stage): Workers {
  const start = (name: string): ChildProcess =>
    spawn(process.execPath, [...process.execArgv, WORKER, folder, name], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, ...environment },
    });
  const victim = start("worker-1");
  const survivor = start("worker-2");
  return {
    killOne: () => {
      if (!victim.killed) victim.kill("SIGKILL");
    },
    async stop() {
      for (const worker of [victim, survivor]) {
        if (worker.exitCode !== null || worker.signalCode !== null) continue;
        const exited = once(worker, "exit");
        worker.kill("SIGTERM");
        await exited;
      }
    },
  };
}

function workerInside(client: QueueClient, folder: string): Workers {
  const journal = openJournal(folder, "worker-inside");
  const consumer = client.consumer(webhooks, { concurrency: 32 });
  const running: Promise<DrainReport> = consumer.run(webhookHandler(journal));
  return {
    killOne: () => undefined, // it would take the producer with it
    async stop() {
      await consumer.close();
      await running;
      journal.close();
    },
  };
}
