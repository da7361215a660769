// Producer and consumers of a memory queue, all in this one process. A restart is a new consumer in it.
import { setTimeout as sleep } from "node:timers/promises";
import { faulty, FaultPlan, HistoryRecorder, HistoryWriter } from "@anyqueue/conformance";
import { createClient, type QueueClient, type QueueConsumer } from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import { chaosHandler, chaosQueue, QUEUE, type ChaosBody } from "./chaos-queue.ts";
import type { SendCommand } from "./child-commands.ts";
import { onCommand, readSettings, tell, tellReady } from "./child.ts";
import { stageOf } from "./providers.ts";
import { readLeftovers } from "./read-leftovers.ts";

const CLOSE_TIMEOUT = "4s";

interface Running {
  readonly client: QueueClient;
  readonly consumer: QueueConsumer<ChaosBody>;
  readonly ended: Promise<void>;
}

const settings = readSettings();
const { folder, proc, concurrency, prefetch } = settings;
const stage = stageOf(settings.stage);
const queue = chaosQueue(stage);
const provider = stage.provider();
const plan = new FaultPlan(() => performance.now());
/** The same queue with injected faults. */
const failing: Provider = {
  ...provider,
  connect: (url, context) => faulty(provider.connect(url, context), plan),
};

const sinks: HistoryWriter[] = [];
const producing = connect("producer");
const producer = producing.client.producer(queue);
const consumers: Running[] = [];
const endings: Promise<void>[] = [];
let lives = 0;
let position = 0;

onCommand((command) => {
  if (command.kind === "send") void sendAll(command);
  else if (command.kind === "faults") for (const fault of command.faults) plan.fail(fault);
  else if (command.kind === "heal") plan.clear();
  else if (command.kind === "scale") scale(command.to);
}, sinks);
process.once("SIGTERM", () => void end().finally(() => process.exit()));
await producing.client.admin.create(queue);
scale(1);
tellReady();

function connect(name: string): { readonly client: QueueClient; readonly recorder: HistoryRecorder } {
  const sink = new HistoryWriter(folder, `${proc}-${name}`);
  sinks.push(sink);
  const recorder = new HistoryRecorder(sink);
  return { recorder, client: createClient(stage.url(""), [recorder.provider(failing)]) };
}

function start(): Running {
  lives += 1;
  const { client, recorder } = connect(`consumer-${lives}`);
  const consumer = client.consumer(queue, { concurrency, prefetch });
  const running = consumer.run(recorder.handler(chaosHandler));
  return { client, consumer, ended: running.then((report) => recorder.closed(report)) };
}

/** Ends the oldest consumers first. Scaling to 0 and back is a restart. */
function scale(to: number): void {
  while (consumers.length < to) consumers.push(start());
  for (const one of consumers.splice(0, consumers.length - to)) endings.push(stop(one));
}

async function stop({ client, consumer, ended }: Running): Promise<void> {
  await consumer.close({ timeout: CLOSE_TIMEOUT });
  await ended;
  await client.close();
}

async function sendAll({ wave, messages, everyMs }: SendCommand): Promise<void> {
  const sends: Promise<unknown>[] = [];
  for (const body of messages) {
    position += 1;
    const place = stage.ordered ? { key: body.key, kseq: position } : {};
    const options = { id: body.id, attributes: { from: "memory" } };
    const sending = producing.recorder.send(producer, QUEUE, body, options, place);
    sends.push(sending.catch(() => (stage.ordered ? producer.resume(body.key) : undefined)));
    if (everyMs > 0) await sleep(everyMs);
  }
  await Promise.all(sends);
  tell({ kind: "sent", wave });
}

/** Reads what is left in the queue before the process ends, because the queue ends with it. */
async function end(): Promise<void> {
  scale(0);
  await Promise.all(endings);
  await producing.client.close();
  const client = createClient(stage.url(""), [provider]);
  const watcher = new HistoryWriter(folder, `${proc}-watcher`);
  await readLeftovers({
    client,
    definition: queue,
    watcher,
    expireLeases: async () => await sleep(2 * stage.leaseMs),
  });
  await client.close();
  watcher.close();
}
