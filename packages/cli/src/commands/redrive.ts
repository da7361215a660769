import { openSource, type OpenedSource } from "../open-client.ts";
import { readRedrivePlan, type RedrivePlan } from "../redrive/read-redrive-plan.ts";
import { Redriving } from "../redrive/redriving.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `Usage: anyqueue redrive <queue> [flags]

Moves the dead letters of a queue back into it, as client.admin.redrive does, with their attempts reset.
A message leaves the dead letters only when its copy in the queue is confirmed: an interruption may leave
a message in both places, and loses none. Ctrl+C stops after the requests that are under way.
First fix what the messages died of: a message that dies again meanwhile may be moved again, unless --max
ends the move. Order is not kept, and no emulated ttl ends what comes back.

  --url <url>            the connection, such as sqs://eu-west-1
                         (default: ANYQUEUE_URL, else anyqueue.config.json)
  --subscription <name>  a topic's subscription; <queue> then names the topic
  --max <n>              move at most n (default: all)
  --dry-run              count the dead letters, and take and move none
  --ordered              the queue keeps order per key (SQS: the FIFO queue of that name)
  --json                 print one JSON object at the end
  --help                 this text

<queue> is the name of a definition, or the queue's real name if no definition can have it: orders.fifo, an ARN.
Ends with code 1 if it was stopped or failed; the rest stays among the dead letters.`;

/** `anyqueue redrive`: exits with code 0 if it moved everything, or `--max` messages. */
export async function redrive(args: readonly string[], terminal: Terminal): Promise<number> {
  const plan = readRedrivePlan(args);
  if (plan === undefined) {
    terminal.print(HELP);
    return 0;
  }
  const opened = await openSource(plan, terminal, { notice: ({ text }) => terminal.warn(`note: ${text}`) });
  try {
    return plan.isDryRun ? await count(opened, plan, terminal) : await move(opened, plan, terminal);
  } finally {
    await opened.client.close();
  }
}

async function move(
  { client, source }: OpenedSource,
  plan: RedrivePlan,
  terminal: Terminal,
): Promise<number> {
  const redriving = new Redriving(plan, terminal);
  void terminal.untilStopped().then(() => redriving.stop());
  return await redriving.run(client, source);
}

/** Only asks for numbers and receives nothing: looking at a message would count as a delivery. */
async function count(
  { client, source }: OpenedSource,
  { queue, max, isJson }: RedrivePlan,
  terminal: Terminal,
): Promise<number> {
  const { deadLettered, approximate } = await client.admin.inspect(source);
  if (deadLettered === undefined) {
    terminal.warn(
      `The dead letters of ${queue} cannot be counted: it has no dead-letter queue, or its provider or your rights do not allow it. anyqueue tail ${queue} --dead-letters shows them.`,
    );
    return 1;
  }
  const wouldMove = Math.min(deadLettered, max ?? deadLettered);
  const all = `${approximate ? "about " : ""}${deadLettered}`;
  const moved = wouldMove < deadLettered ? `${wouldMove} of ${all}` : all;
  terminal.print(
    isJson
      ? JSON.stringify({ wouldMove, deadLettered, approximate })
      : `Would move ${moved} dead letters back to ${queue}.`,
  );
  return 0;
}
