import { leaseHash, type HistoryWriter } from "@anyqueue/conformance";
import { createClient } from "@anyqueue/core";
import { spawnEmulator, type HandOut, type SpawnedEmulator } from "@anyqueue/emulator";
import type { Arena, Cell, Wire } from "./cell.ts";
import { chaosQueue, QUEUE } from "./chaos-queue.ts";
import type { Crew, Member } from "./crew.ts";
import { FaultProxy } from "./fault-proxy.ts";
import type { HistoryTail } from "./history-tail.ts";
import { addressOf, emulatorOptions, stageOf, type Front } from "./providers.ts";
import { depthsOf } from "./depths-of.ts";
import { readLeftovers, type Depths } from "./read-leftovers.ts";

/** The parts of a site. */
export interface SiteParts {
  readonly cell: Cell;
  readonly seed: number;
  readonly crew: Crew;
  readonly watcher: HistoryWriter;
  readonly tail: HistoryTail;
  random(): number;
}

/** Where a cell runs: a service or the memory queue, and a running producer and consumer. */
export interface Site {
  readonly arena: Arena;
  /** Ends all faults. */
  heal(): Promise<void>;
  /** Reads what is left. All processes must have ended. */
  readLeftovers(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the service of a cell, its proxies, a producer and a consumer. */
export async function openSite(parts: SiteParts): Promise<Site> {
  const { front } = stageOf(parts.cell.provider);
  if (front === undefined) return await openMemorySite(parts);
  const emulator = await spawnEmulator(emulatorOptions(front, parts.seed));
  try {
    return await openEmulatedSite(parts, emulator, front);
  } catch (error) {
    await emulator.close();
    throw error;
  }
}

async function openEmulatedSite(
  { cell, seed, crew, watcher, tail, random }: SiteParts,
  emulator: SpawnedEmulator,
  front: Front,
): Promise<Site> {
  const { provider, phase } = cell;
  const stage = stageOf(provider);
  const queue = chaosQueue(stage);
  const address = addressOf(front, emulator.endpoints);
  const client = createClient(stage.url(address), [stage.provider()]);
  await client.admin.create(queue);
  const [toProducer, toConsumer] = await openProxies(address, seed);
  const startConsumer = async (): Promise<Member> => await crew.start("consumer", toConsumer.address);
  const [producer, consumer] = await Promise.all([
    crew.start("producer", toProducer.address),
    startConsumer(),
  ]);
  const { control } = emulator;
  let jump: Jump = { ns: 0, ms: Number.POSITIVE_INFINITY };
  const wire: Wire = {
    toProducer,
    toConsumer,
    control,
    jump: async (ms) => {
      jump = { ns: Number(process.hrtime.bigint()), ms };
      await control.advance(ms);
    },
    proxy: phase === "send" ? toProducer : toConsumer,
    countFailures: async () => {
      const failed = (await control.log()).filter(
        ({ outcome }) => outcome === "error" || outcome === "reset",
      );
      return failed.length + toProducer.accepted + toConsumer.accepted;
    },
    deleteQueue: async () => {
      await client.admin.delete(queue);
      watcher.write("queue.deleted", watcher.operation(), { dest: QUEUE });
    },
    createQueue: async () => await client.admin.create(queue),
  };
  return {
    arena: { stage, phase, crew, producer, consumers: [consumer], tail, random, startConsumer, wire },
    async heal() {
      await control.clearFaults();
      toProducer.mode = "pass";
      toConsumer.mode = "pass";
    },
    async readLeftovers() {
      writeHandOuts(await control.handOuts(), jump, watcher);
      const expireLeases = async (): Promise<void> => void (await control.advance(3 * stage.leaseMs));
      const depths = async (): Promise<Depths> => await depthsOf(front, control);
      await readLeftovers({ client, definition: queue, watcher, expireLeases, depths });
    },
    async close() {
      await client.close();
      await Promise.all([toProducer.close(), toConsumer.close()]);
      await emulator.close();
    },
  };
}

interface Jump {
  /** Monotonic nanoseconds before it. */
  readonly ns: number;
  readonly ms: number;
}

/** Writes when the service handed out what, and which leases were broken, or ended by a jump of its clock. */
function writeHandOuts(handOuts: readonly HandOut[], jump: Jump, watcher: HistoryWriter): void {
  // As far as after a jump, if there was one.
  const lastAheadMs = Math.max(...handOuts.map(aheadMs));
  for (const handOut of handOuts) {
    const { lease, machineNs, broken } = handOut;
    const named = { lease: leaseHash(lease) };
    watcher.write("hand.out", watcher.operation(), named, machineNs);
    const isEnded = lastAheadMs - aheadMs(handOut) > jump.ms / 2;
    const brokenNs = broken?.machineNs ?? (isEnded ? Math.max(machineNs, jump.ns) : undefined);
    if (brokenNs !== undefined) watcher.write("lease.broken", watcher.operation(), named, brokenNs);
  }
}

/** How far the service's clock is ahead of the machine's, plus a constant. */
function aheadMs({ at, machineNs }: HandOut): number {
  return at - machineNs / 1e6;
}

async function openProxies(address: string, seed: number): Promise<readonly [FaultProxy, FaultProxy]> {
  const [host = "", port = ""] = address.split(":");
  const options = { host, port: Number(port) };
  return await Promise.all([
    FaultProxy.open({ ...options, seed }),
    FaultProxy.open({ ...options, seed: seed + 1 }),
  ]);
}

/** Starts one process with everything in it. It reads what is left before it ends. */
async function openMemorySite({ cell, crew, tail, random }: SiteParts): Promise<Site> {
  const { provider, phase } = cell;
  const process = await crew.start("both", "");
  const nothing = async (): Promise<void> => {};
  return {
    arena: {
      stage: stageOf(provider),
      phase,
      crew,
      producer: process,
      consumers: [],
      tail,
      random,
      startConsumer: async () => await Promise.reject(new Error("its consumers live in its producer")),
      wire: undefined,
    },
    heal: nothing,
    readLeftovers: nothing,
    close: nothing,
  };
}
