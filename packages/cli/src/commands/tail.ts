import { openClient } from "../open-client.ts";
import { readTailPlan, type TailPlan } from "../tail/read-tail-plan.ts";
import { Tailing } from "../tail/tailing.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `Usage: anyqueue tail <queue> [flags]

Shows messages as they come, until Ctrl+C. A queue can be looked at only by taking messages.

Without --ack nothing is lost: each shown message is held back from other consumers until the
command ends, and is then given back. This counts as one delivery attempt of the message. If the
service moves messages to the dead letters after a number of deliveries, it counts towards that
number. In an ordered queue, the messages behind a held one of the same key wait.
If the process is killed, the messages come back by themselves within 30 seconds.

  --url <url>         the connection, such as sqs://eu-west-1
                      (default: ANYQUEUE_URL, else anyqueue.config.json)
  --max <n>           end after n messages (default: 100, at most 1000; no limit with --ack)
  --for <duration>    end after this time, such as 10s (default: 10m, at most 1h; no limit with --ack)
  --ack, --consume    remove each message from the queue once it is written to standard output.
                      What the reader of a pipe leaves unread is gone: use --max, not head
  --dead-letters      show the dead letters of the queue instead
  --ordered           the queue keeps order per key (SQS: the FIFO queue of that name)
  --json              one JSON object per line; a body that cannot be decoded is in bodyBase64,
                      with the reason in undecodable
  --help              this text

<queue> is the name of a definition, or the queue's real name if no definition can have it: orders.fifo, an ARN.`;

/** `anyqueue tail`: exits with code 0 if all it received was given back or, with --ack, removed. */
export async function tail(args: readonly string[], terminal: Terminal): Promise<number> {
  const plan = readTailPlan(args);
  if (plan === undefined) {
    terminal.print(HELP);
    return 0;
  }
  const tailing = new Tailing(plan, terminal);
  void terminal.untilStopped().then(() => tailing.end());
  const { client, name } = await openClient(plan, terminal, tailing.listener());
  terminal.warn(greeting(plan));
  try {
    await tailing.run(client, name);
  } finally {
    await client.close(); // gives back the messages that are held
  }
  const fate = plan.removes ? "removed" : "given back";
  const failures = tailing.failures === 0 ? "" : `, but ${tailing.failures} not ${fate}`;
  terminal.warn(`${tailing.shown} shown and ${fate}${failures}.`);
  return tailing.failures === 0 ? 0 : 1;
}

function greeting({ queue, isOfDeadLetters, removes, maxMessages, forText }: TailPlan): string {
  const what = isOfDeadLetters ? `the dead letters of ${queue}` : queue;
  if (removes) return `Showing ${what} and REMOVING every message that is shown. Ctrl+C ends it.`;
  return [
    `Showing ${what} until Ctrl+C, ${maxMessages} message${maxMessages === 1 ? "" : "s"} or ${forText}. Shown messages are held back from other`,
    "consumers until then and given back at the end. This counts as one delivery attempt of each message.",
  ].join("\n");
}
