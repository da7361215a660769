import { createReadStream } from "node:fs";
import { defineQueue, unchecked, type Feature, type QueueClient, type QueueProducer } from "@anyqueue/core";
import { openClient } from "../open-client.ts";
import { readSendPlan, type BodySource, type SendPlan } from "../send/read-send-plan.ts";
import { resultOf, sendLines } from "../send/send-lines.ts";
import { SendReport } from "../send/send-report.ts";
import { readWhole, splitLines } from "../send/split-lines.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

const HELP = `Usage: anyqueue send <queue> [body] [flags]

Sends one message, or many with --lines, and prints the id of each that the provider confirmed.
Without a body, or with "-", the whole of standard input is the body.

  --url <url>             the connection, such as sqs://eu-west-1
                          (default: ANYQUEUE_URL, else anyqueue.config.json)
  --file <path>           read the body, or with --lines the lines, from this file
  --lines                 every line is a message; blank JSON lines are left out.
                          Reads no faster than it sends. Failed lines are reported by their number
  --key <key>             ordering key: messages of one key are handled in order (SQS: the FIFO queue)
  --id <id>               id of the message (default: a random one)
  --attribute <name=value>  an attribute; may be repeated
  --delay <duration>      deliver no earlier than this, such as 30s
  --ttl <duration>        deliver no later than this, such as 1h
  --text                  the body is text (default: JSON, which must parse)
  --binary                the body is bytes, sent as they are
  --content-type <type>   written on the message; without --text or --binary it decides how the body is checked
  --json                  print one JSON object per message, failed ones too
  --help                  this text

<queue> is the name of a definition, or the queue's real name if no definition can have it: orders.fifo, an ARN.
Ends with code 1 if a message was not confirmed; standard error lists it.`;

/** More than the largest message of any provider. */
const MAX_BODY_BYTES = 128 * 1024 * 1024;
const PROGRESS_EVERY_MS = 2_000;

/** `anyqueue send`: sends, reports and ends. */
export async function send(args: readonly string[], terminal: Terminal): Promise<number> {
  const plan = readSendPlan(args, terminal.isInputTyped);
  if (plan === undefined) {
    terminal.print(HELP);
    return 0;
  }
  return plan.isByLine ? await sendEveryLine(plan, terminal) : await sendOne(plan, terminal);
}

async function sendOne(plan: SendPlan, terminal: Terminal): Promise<number> {
  // Checked before connecting: a mistake in the body is a mistake of the command line.
  const given = await readBody(plan.source, terminal);
  if (given === undefined)
    throw new UsageError(`anyqueue send: the body is longer than ${MAX_BODY_BYTES} bytes.`);
  const checked = plan.format.check(given);
  if (!checked.ok) {
    const hint = plan.format.kind === "json" ? " --text sends text as it is." : "";
    throw new UsageError(`anyqueue send: the body cannot be sent: ${checked.problem}.${hint}`);
  }
  const report = new SendReport(terminal, plan.isJson);
  await withProducer(plan, terminal, async (producer) => {
    await report.add(await resultOf(producer.send(checked.body, optionsOf(plan))), undefined);
  });
  return report.failed === 0 ? 0 : 1;
}

async function readBody(source: BodySource, terminal: Terminal): Promise<Uint8Array | undefined> {
  try {
    return await readWhole(inputOf(source, terminal, NEVER), MAX_BODY_BYTES);
  } catch (error) {
    const what = source.kind === "file" ? "--file" : "standard input";
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`anyqueue send: ${what} cannot be read: ${why}.`);
  }
}

async function sendEveryLine(plan: SendPlan, terminal: Terminal): Promise<number> {
  const report = new SendReport(terminal, plan.isJson);
  const stopped = new AbortController();
  const ended = new AbortController();
  void terminal.untilStopped().then(() => stopped.abort());
  const progress = setInterval(() => terminal.progress(report.summary()), PROGRESS_EVERY_MS).unref();
  try {
    const early = await withProducer(plan, terminal, async (producer) => {
      const input = inputOf(plan.source, terminal, AbortSignal.any([stopped.signal, ended.signal]));
      return await sendLines({
        lines: splitLines(input, MAX_BODY_BYTES),
        format: plan.format,
        report,
        isOrdered: plan.key !== undefined,
        maxLineBytes: MAX_BODY_BYTES,
        stopped: stopped.signal,
        onGivenUp: () => ended.abort(),
        send: async (body) => await resultOf(producer.send(body, optionsOf(plan))),
      });
    });
    if (early !== undefined) {
      terminal.warn(`Stopped, because ${early.why}: nothing after line ${early.afterLine} was sent.`);
    }
    return early === undefined && report.failed === 0 ? 0 : 1;
  } finally {
    clearInterval(progress);
    ended.abort(); // an input that nobody reads to its end must not keep the process alive
    terminal.warn(report.summary());
  }
}

const NEVER = new AbortController().signal;

function inputOf(source: BodySource, terminal: Terminal, signal: AbortSignal): AsyncIterable<Uint8Array> {
  if (source.kind === "argument") return once(new TextEncoder().encode(source.text));
  if (source.kind === "file") return createReadStream(source.path, { signal });
  return terminal.read(signal);
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield body;
}

async function withProducer<Result>(
  plan: SendPlan,
  terminal: Terminal,
  work: (producer: QueueProducer<Uint8Array, Feature>) => Promise<Result>,
): Promise<Result> {
  const { client, name } = await openClient(plan, terminal, {
    notice: ({ text }) => terminal.warn(`note: ${text}`),
  });
  try {
    return await work(producerOf(client, name, plan));
  } finally {
    await client.close();
  }
}

/** The definition needs what the flags ask for: a provider without it refuses before anything is sent. */
function producerOf(client: QueueClient, name: string, plan: SendPlan): QueueProducer<Uint8Array, Feature> {
  const { key, format, delay, ttl } = plan;
  const needs: Feature[] = [];
  if (delay !== undefined) needs.push("delay");
  if (ttl !== undefined) needs.push("ttl");
  const options = { schema: unchecked<Uint8Array>(), codec: format.codec, needs };
  if (key === undefined) return client.producer(defineQueue(name, options));
  return client.producer(defineQueue(name, { ...options, orderingKey: () => key }));
}

function optionsOf({ id, attributes, delay, ttl }: SendPlan): {
  readonly id: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly delay: SendPlan["delay"];
  readonly ttl: SendPlan["ttl"];
} {
  return { id, attributes, delay, ttl };
}
