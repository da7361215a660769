import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Measurement } from "./measure.ts";

export interface StubCounts {
  readonly requests: number;
  readonly sent: number;
  readonly received: number;
  readonly deleted: number;
}

export interface Trial {
  readonly measurement: Measurement;
  /** Requests per message over the whole life of the client. */
  readonly requestsPerMessage: number;
  /** What the client says it did against what the stub saw; a fast wrong client fails. */
  readonly fault: string | undefined;
}

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const ENVIRONMENT = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "bench", AWS_SECRET_ACCESS_KEY: "bench" };
/** A backlog of many thousand messages takes its time on a busy machine. */
const GIVE_UP_MS = 120_000;

/** Servers in processes of their own, by the first words of what needs them. */
const STUBS = { sqs: "stubs/sqs-stub.ts", "service-bus": "stubs/service-bus-broker.ts" };

/** Runs one scenario in a fresh process against a fresh stub. */
export async function runTrial(name: string, windowMs: number): Promise<Trial> {
  const stub = startStub(name);
  const port = stub === undefined ? 0 : (await message<{ port: number }>(stub)).port;
  const worker = fork(path("worker.ts"), [name, String(port), "1000", String(windowMs)], {
    execArgv: process.execArgv,
    env: { ...process.env, ...ENVIRONMENT },
  });
  try {
    const { measurement, total } = await message<{ measurement: Measurement; total: number }>(worker);
    const counts = stub === undefined ? undefined : await countsOf(stub);
    return {
      measurement,
      requestsPerMessage: (counts?.requests ?? 0) / total,
      fault: check(name, total, counts),
    };
  } finally {
    worker.kill();
    stub?.disconnect();
  }
}

function startStub(name: string): ChildProcess | undefined {
  const entry = Object.entries(STUBS).find(([prefix]) => name.startsWith(`${prefix} `));
  return entry === undefined ? undefined : fork(path(entry[1]), [], { execArgv: process.execArgv });
}

function check(name: string, total: number, counts: StubCounts | undefined): string | undefined {
  if (counts === undefined) return total > 0 ? undefined : "nothing was done";
  if (name.includes(" send: ") && counts.sent < total)
    return `confirmed ${total}, the stub saw ${counts.sent}`;
  if (name.includes(" consume: anyqueue") && counts.deleted < total) {
    return `handled ${total}, the stub saw ${counts.deleted} deletes`;
  }
  return undefined;
}

async function countsOf(stub: ChildProcess): Promise<StubCounts> {
  stub.send("counts");
  return (await message<{ counts: StubCounts }>(stub)).counts;
}

async function message<T>(child: ChildProcess): Promise<T> {
  const [value]: T[] = await once(child, "message", { signal: AbortSignal.timeout(GIVE_UP_MS) });
  if (value === undefined) throw new Error("the child sent nothing");
  return value;
}
