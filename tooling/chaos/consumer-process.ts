// A consumer process: handles messages until SIGTERM, and starts another consumer if one ends by itself.
import { setTimeout as sleep } from "node:timers/promises";
import { HistoryRecorder, HistoryWriter } from "@anyqueue/conformance";
import { createClient, isQueueError, type QueueConsumer } from "@anyqueue/core";
import { chaosHandler, chaosQueue, type ChaosBody } from "./chaos-queue.ts";
import { endByItself, onCommand, readSettings, tell, tellReady } from "./child.ts";
import { stageOf } from "./providers.ts";

/** The pause before a restart, as a process supervisor would make it. */
const RESTART_MS = 500;
/** How long handlers may take to end after SIGTERM. */
const CLOSE_TIMEOUT = "4s";

const settings = readSettings();
const stage = stageOf(settings.stage);
const sink = new HistoryWriter(settings.folder, settings.proc);
const ending = new AbortController();
let life = 0;

onCommand(() => undefined, [sink]);
process.once("SIGTERM", () => {
  ending.abort();
});
while (!ending.signal.aborted) {
  // oxlint-disable-next-line no-await-in-loop -- one consumer after the other
  await live();
}
sink.close();
endByItself();

/** Runs one consumer from its start to its end. */
async function live(): Promise<void> {
  life += 1;
  const recorder = new HistoryRecorder(sink, `consumer-${life}`, stage.leaseOf);
  const client = createClient(stage.url(settings.address), [recorder.provider(stage.provider())], {
    listener: { state: ({ state }) => (state === "started" ? tell({ kind: "started" }) : undefined) },
  });
  const { concurrency, prefetch } = settings;
  const consumer = client.consumer(chaosQueue(stage), { concurrency, prefetch });
  const stop = (): void => void consumer.close({ timeout: CLOSE_TIMEOUT });
  ending.signal.addEventListener("abort", stop);
  const failure = await runUntilItEnds(consumer, recorder);
  ending.signal.removeEventListener("abort", stop);
  await client.close();
  if (failure === undefined || ending.signal.aborted) return;
  process.stderr.write(`${settings.proc}: the consumer ended: ${failure}\n`);
  await sleep(RESTART_MS);
}

async function runUntilItEnds(
  consumer: QueueConsumer<ChaosBody>,
  recorder: HistoryRecorder,
): Promise<string | undefined> {
  const running = consumer.run(recorder.handler(chaosHandler));
  tellReady();
  try {
    recorder.closed(await running);
    return undefined;
  } catch (error) {
    return isQueueError(error) ? error.code : String(error);
  }
}
