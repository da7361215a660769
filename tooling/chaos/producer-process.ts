// A producer process: sends what it is told to, and records the outcomes.
import { setTimeout as sleep } from "node:timers/promises";
import { HistoryRecorder, HistoryWriter } from "@anyqueue/conformance";
import { createClient, isQueueError } from "@anyqueue/core";
import { chaosQueue, QUEUE, type ChaosBody } from "./chaos-queue.ts";
import type { SendCommand } from "./child-commands.ts";
import { onCommand, readSettings, tell, tellReady } from "./child.ts";
import { stageOf } from "./providers.ts";

/** Longer than the pause between two requests, and short enough for a cell. */
const SEND_TIMEOUT = "6s";

const settings = readSettings();
const stage = stageOf(settings.stage);
const recorder = new HistoryRecorder(new HistoryWriter(settings.folder, settings.proc));
const client = createClient(stage.url(settings.address), [recorder.provider(stage.provider())], {
  send: { timeout: SEND_TIMEOUT },
});
const producer = client.producer(chaosQueue(stage));
let position = 0;

onCommand((command) => {
  if (command.kind === "send") void sendAll(command);
});
process.once("SIGTERM", () => void client.close().finally(() => process.exit(0)));
tellReady();

async function sendAll({ wave, messages, everyMs }: SendCommand): Promise<void> {
  const sends: Promise<void>[] = [];
  for (const message of messages) {
    sends.push(sendOne(message));
    if (everyMs > 0) await sleep(everyMs);
  }
  await Promise.all(sends);
  tell({ kind: "sent", wave });
}

async function sendOne(body: ChaosBody): Promise<void> {
  position += 1;
  const place = stage.ordered ? { key: body.key, kseq: position } : {};
  const options = { id: body.id, attributes: { from: settings.proc } };
  try {
    await recorder.send(producer, QUEUE, body, options, place);
  } catch (error) {
    // The history has the refused send. The sender decides whether its key may go on, and here it may.
    if (isQueueError(error) && stage.ordered) producer.resume(body.key);
  }
}
