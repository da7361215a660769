import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as onTheWire } from "node:timers/promises";
import { startEmulator, type Emulator, type EventSourceMapping } from "@anyqueue/emulator";
import { CreateQueueCommand, SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ANY_CREDENTIALS } from "../open-adapter.ts";

const MESSAGES = 300;
const REAL_BEAT_MS = 5;
const STEP_MS = 500;

/** The programs that ask for events: a loop of ours, and the client that AWS wrote for its own images. */
const CLIENTS: readonly (readonly [string, readonly string[]])[] = [
  ["a plain loop", [join(import.meta.dirname, "lambda-process.ts"), "function.js"]],
  ["AWS's runtime client", [runtimeClient(), "function.handler"]],
];

let folder: string;

/** The library may not be imported: only its program is published for this. */
function runtimeClient(): string {
  const library = createRequire(import.meta.url).resolve("@serverless-stack/aws-lambda-ric");
  return join(library, "../../bin/index.js");
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anyqueue-lambda-"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await build({
    entryPoints: [join(import.meta.dirname, "order-function.ts")],
    outfile: join(folder, "function.js"),
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    conditions: ["@anyqueue/source"],
    external: ["@aws-sdk/*"],
  });
});

afterAll(async () => await rm(folder, { recursive: true }));

/** The environments of a function. A process that ends is started again, as Lambda does it. */
class Fleet {
  readonly #command: readonly string[];
  readonly #environment: EventSourceMapping["environment"];
  readonly #processes = new Set<ChildProcess>();
  readonly journal: string[] = [];
  crashes = 0;
  #isStopping = false;

  constructor(command: readonly string[], environment: EventSourceMapping["environment"]) {
    this.#command = command;
    this.#environment = environment;
  }

  start(): void {
    const child = spawn(process.execPath, this.#command, {
      cwd: folder,
      env: { ...this.#environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#processes.add(child);
    createInterface({ input: child.stdout }).on("line", (line) => this.journal.push(line));
    child.once("exit", () => {
      this.#processes.delete(child);
      if (this.#isStopping) return;
      this.crashes += 1;
      this.start();
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const ended = [...this.#processes].map(
      (child) => new Promise<void>((resolve) => void child.once("exit", () => resolve())),
    );
    for (const child of this.#processes) child.kill();
    await Promise.all(ended);
  }
}

/** The body by number: most are fine, one in ten fails once, two kill their process, one cannot be read. */
function bodyOf(number: number): string {
  if (number === 150) return "no json";
  const fate = number === 40 || number === 200 ? "kills-once" : number % 10 === 3 ? "fails-once" : "fine";
  return JSON.stringify({ number, fate });
}

async function sendAll(emulator: Emulator): Promise<void> {
  const endpoint = emulator.endpoints.sqs ?? "";
  const sdk = new SQSClient({ endpoint, region: "eu-west-1", credentials: ANY_CREDENTIALS });
  await sdk.send(new CreateQueueCommand({ QueueName: "orders-dead" }));
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: "arn:aws:sqs:eu-west-1:000000000000:orders-dead",
    maxReceiveCount: 4,
  });
  const created = await sdk.send(
    new CreateQueueCommand({ QueueName: "orders", Attributes: { RedrivePolicy } }),
  );
  for (let start = 0; start < MESSAGES; start += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({
      Id: String(index),
      MessageBody: bodyOf(start + index),
    }));
    await sdk.send(new SendMessageBatchCommand({ QueueUrl: created.QueueUrl, Entries }));
  }
  sdk.destroy();
}

function count<Item>(items: readonly Item[], wanted: Item): number {
  return items.filter((item) => item === wanted).length;
}

test.each(CLIENTS)(
  "a bundle under %s handles every message, although some fail and two kill their process",
  async (_name, command) => {
    const emulator = await startEmulator({ sqsPort: 0 });
    await sendAll(emulator);
    const mapping = await emulator.sqs.addMapping({
      queue: "orders",
      batchSize: 50,
      windowSeconds: 1,
      reportBatchItemFailures: true,
      functionTimeoutMs: 20_000,
    });
    const fleet = new Fleet(command, mapping.environment);
    fleet.start();
    fleet.start();
    const holds = (name: string): number =>
      emulator.sqs.queues().find((queue) => queue.name === name)?.messages.length ?? 0;
    try {
      while (holds("orders") > 0) {
        await onTheWire(REAL_BEAT_MS);
        // Time moves only while no process works, so that a slow one does not run out of time.
        const events = mapping.invocations().map(({ outcome }) => outcome);
        const abandoned = fleet.crashes - count(events, "timeout");
        if (count(events, "pending") <= abandoned) await emulator.clock.advance(STEP_MS);
      }
      const expected = Array.from({ length: MESSAGES }, (_, number) => String(number)).filter(
        (n) => n !== "150",
      );
      expect([...new Set(fleet.journal)].toSorted()).toEqual(expected.toSorted());
      expect(fleet.crashes).toBe(2);
      expect(holds("orders-dead")).toBe(1);
      const outcomes = mapping.invocations().map(({ outcome }) => outcome);
      expect(count(outcomes, "timeout")).toBe(2);
      expect(count(outcomes, "error")).toBe(0);
    } finally {
      await fleet.stop();
      await emulator.close();
    }
  },
);
