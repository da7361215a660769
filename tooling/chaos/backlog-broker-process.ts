// An emulated service with a large backlog. This process inspects the emulator directly, because no HTTP
// response could hold a million messages.
import { createClient } from "@anyqueue/core";
import { startEmulator } from "@anyqueue/emulator";
import {
  LEASE_MS,
  type BacklogSettings,
  type BrokerQuestion,
  type FatesAnswer,
  type FilledNews,
  type OutAnswer,
} from "./backlog-plan.ts";
import { contentsOf } from "./backlog-contents.ts";
import { fatesOf } from "./backlog-fates.ts";
import { idOf } from "./backlog-tally.ts";
import { chaosQueue, type ChaosBody } from "./chaos-queue.ts";
import { addressOf, emulatorOptions, stageOf } from "./providers.ts";

/** Messages per `sendMany`. */
const CHUNK = 5_000;

const { stage: name, size }: BacklogSettings = JSON.parse(process.argv[2] ?? "{}");
const stage = { ...stageOf(name), leaseMs: LEASE_MS };
const { front } = stage;
if (front === undefined) throw new Error(`${name} has no service`);
const emulator = await startEmulator(emulatorOptions(front, 1));
const address = addressOf(front, emulator.endpoints);

process.on("disconnect", () => process.exit(0));
process.on("message", (question: BrokerQuestion) => process.send?.(answer(question)));
const startedAt = performance.now();
const confirmed = await fill();
const news: FilledNews = { kind: "filled", address, confirmed, fillMs: performance.now() - startedAt };
process.send?.(news);

/** Sends all messages. Returns how many sends were confirmed. */
async function fill(): Promise<number> {
  const client = createClient(stage.url(address), [stage.provider()]);
  const queue = chaosQueue(stage);
  await client.admin.create(queue);
  const producer = client.producer(queue);
  let sent = 0;
  for (let from = 0; from < size; from += CHUNK) {
    // oxlint-disable-next-line no-await-in-loop -- a producer has a limited buffer
    sent += (await producer.sendMany(chunkFrom(from))).length;
  }
  await client.close();
  return sent;
}

function chunkFrom(from: number): { readonly id: string; readonly body: ChaosBody }[] {
  return Array.from({ length: Math.min(CHUNK, size - from) }, (_, index) => {
    const id = idOf(from + index);
    return { id, body: { id, key: "", takesMs: 0, failures: 0, dead: false } };
  });
}

function answer(question: BrokerQuestion): OutAnswer | FatesAnswer {
  const contents = contentsOf(emulator, stage);
  if (question.kind === "out") return { kind: "out", out: contents.out };
  return { kind: "fates", fates: fatesOf(question.marks, contents) };
}
