import fastq from "fastq";
import PQueue from "p-queue";
import { callers, type Running } from "../callers.ts";
import type { SteadyScenario as Scenario } from "../scenario.ts";
import { MEMORY_CALLERS, MEMORY_CONCURRENCY } from "../scenarios/memory.ts";

interface Job {
  readonly id: string;
}

const fastqPromise: Scenario = {
  name: "memory: fastq.promise",
  start(): Promise<Running> {
    const queue = fastq.promise((job: Job) => Promise.resolve(job.id), MEMORY_CONCURRENCY);
    return Promise.resolve(callers(MEMORY_CALLERS, () => queue.push({ id: "order-1" })));
  },
};

const pQueue: Scenario = {
  name: "memory: p-queue",
  start(): Promise<Running> {
    const queue = new PQueue({ concurrency: MEMORY_CONCURRENCY });
    return Promise.resolve(callers(MEMORY_CALLERS, () => queue.add(() => Promise.resolve("order-1"))));
  },
};

/** No leases, retries or codec: promises in a list, and a pump that runs a limited number at once. */
const barePump: Scenario = {
  name: "memory: a pump by hand (floor)",
  start(): Promise<Running> {
    const waiting: { readonly job: Job; readonly resolve: (id: string) => void }[] = [];
    let active = 0;
    let head = 0;
    const pump = (): void => {
      while (active < MEMORY_CONCURRENCY && head < waiting.length) {
        const { job, resolve } = waiting[head] as (typeof waiting)[number];
        head += 1;
        active += 1;
        void Promise.resolve(job.id).then((id) => {
          active -= 1;
          resolve(id);
          pump();
        });
      }
      if (head > 1_024) {
        waiting.splice(0, head);
        head = 0;
      }
    };
    const send = (job: Job): Promise<string> =>
      new Promise((resolve) => {
        waiting.push({ job, resolve });
        pump();
      });
    return Promise.resolve(callers(MEMORY_CALLERS, () => send({ id: "order-1" })));
  },
};

export const memoryAnchors: readonly Scenario[] = [fastqPromise, pQueue, barePump];
