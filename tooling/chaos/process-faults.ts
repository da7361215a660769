import { setTimeout as sleep } from "node:timers/promises";
import type { HistoryEvent } from "@anyqueue/conformance";
import type { Wave } from "./phases.ts";
import { wireOf, type Arena, type FaultKind } from "./cell.ts";
import { CLOUDS } from "./providers.ts";
const HOUR_MS = 3_600_000;
/** The longest time for ten consumers to reach the service, milliseconds. */
const START_MS = 60_000;

/** Faults of processes. */
export const PROCESS_FAULTS: readonly FaultKind[] = [
  {
    name: "consumer-killed",
    rows: ["F-10"],
    stages: CLOUDS,
    phases: ["handle", "settle", "renew", "dead-letter"],
    begin: async (arena) => {
      // At a random point of its work.
      await sleep(arena.random() * 300);
      arena.consumers.shift()?.signal("SIGKILL");
    },
    end: replace,
  },
  {
    name: "producer-killed",
    rows: ["F-29"],
    stages: CLOUDS,
    phases: ["send"],
    begin: async ({ random, producer }) => {
      await sleep(random() * 300);
      producer.signal("SIGKILL");
    },
    end: async (arena) => {
      arena.producer = await arena.crew.start("producer", wireOf(arena).toProducer.address);
    },
  },
  {
    name: "producer-terminated",
    rows: ["F-25"],
    stages: CLOUDS,
    phases: ["send"],
    begin: async ({ random, producer }) => {
      await sleep(random() * 300);
      producer.signal("SIGTERM");
      await producer.exited();
    },
    end: async (arena) => {
      arena.producer = await arena.crew.start("producer", wireOf(arena).toProducer.address);
    },
    verify: leavesNoSendOpen,
  },
  {
    name: "consumer-stopped",
    rows: ["F-12"],
    blursLeases: true,
    stages: CLOUDS,
    phases: ["handle", "settle"],
    forLeases: 2,
    prepare: joinAndStart,
    begin: ({ consumers }) => consumers[0]?.signal("SIGSTOP"),
    end: ({ consumers }) => consumers[0]?.signal("SIGCONT"),
  },
  {
    name: "loop-blocked",
    rows: ["F-11"],
    blursLeases: true,
    stages: CLOUDS,
    phases: ["handle", "settle"],
    forLeases: 1.5,
    prepare: joinAndStart,
    begin: ({ consumers, stage }) => consumers[0]?.tell({ kind: "block", ms: 1.4 * stage.leaseMs }),
  },
  {
    name: "terminated",
    rows: ["F-25"],
    stages: CLOUDS,
    phases: ["receive", "handle", "settle", "renew", "dead-letter"],
    begin: (arena) => arena.consumers.shift()?.signal("SIGTERM"),
    end: replace,
  },
  {
    name: "wall-clock",
    rows: ["F-20"],
    stages: CLOUDS,
    phases: ["send", "handle", "renew"],
    begin: ({ random, producer, consumers }) => {
      const ms = random() < 0.5 ? HOUR_MS : -HOUR_MS;
      for (const member of [producer, ...consumers]) member.tell({ kind: "jump", ms });
    },
  },
  rolling("rolling-deploy", 20, { count: 1_200, everyMs: 60, takesMs: 20 }),
  rolling("rolling-deploy-once", 1, { count: 150, everyMs: 30, takesMs: 20 }),
  {
    name: "scaled",
    rows: ["F-27"],
    stages: ["sqs", "service-bus", "pubsub"],
    phases: ["settle"],
    forMs: 3_000,
    // Ten processes that load an SDK on a small machine start at different times, so the load waits for all.
    sendsAfterBegin: true,
    during: { count: 800, everyMs: 5, takesMs: 300 },
    begin: async (arena) => {
      await Promise.all(Array.from({ length: 9 }, async () => await join(arena)));
      await allStarted(arena);
    },
    end: async ({ consumers }) => {
      await Promise.all(consumers.splice(1).map(async (member) => await member.end()));
    },
    verify: (events) => {
      const workers = new Set(events.filter(({ type }) => type === "handle.start").map(({ proc }) => proc));
      return workers.size === 10 ? [] : [`only ${workers.size} of 10 consumers got work`];
    },
  },
];

/** Ends and replaces five consumers in turn while messages keep coming. */
function rolling(name: string, rounds: number, during: Wave): FaultKind {
  return {
    name,
    rows: ["F-26"],
    stages: ["sqs", "service-bus-session", "pubsub-ordered"],
    phases: ["settle"],
    forMs: 500,
    during,
    begin: async (arena) => {
      await Promise.all(Array.from({ length: 4 }, async () => await join(arena)));
      for (let restarts = 0; restarts < 5 * rounds; restarts += 1) {
        // oxlint-disable-next-line no-await-in-loop -- they must be replaced in turn
        await Promise.all([arena.consumers.shift()?.end(), join(arena)]);
      }
    },
  };
}

/** Checks that a producer which was closed properly knows the outcome of every send. */
function leavesNoSendOpen(events: readonly HistoryEvent[]): readonly string[] {
  const open = new Set<string>();
  for (const event of events) {
    if (event.type === "send.invoke") open.add(event.op);
    else if (event.type.startsWith("send.")) open.delete(event.op);
  }
  return open.size === 0 ? [] : [`${open.size} sends have no outcome`];
}

async function replace(arena: Arena): Promise<void> {
  await join(arena);
}

/** Adds a consumer, and waits until all consumers have reached the service. */
async function joinAndStart(arena: Arena): Promise<void> {
  await join(arena);
  await allStarted(arena);
}

async function allStarted({ consumers }: Arena): Promise<void> {
  const started = Promise.all(consumers.map(async (consumer) => await consumer.started));
  await Promise.race([started, sleep(START_MS)]);
}

/** Adds a consumer. */
async function join(arena: Arena): Promise<void> {
  arena.consumers.push(await arena.startConsumer());
}
