import { bytes, defineQueue, unchecked, type Feature, type QueueDefinition } from "@anyqueue/core";
import { readCreatePlan, type CreatePlan } from "../create/read-create-plan.ts";
import { openClient } from "../open-client.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `Usage: anyqueue create <queue> [flags]

Creates a queue with its dead letters, as client.admin.create does for a definition.
An existing queue with the same settings is left as it is; with other settings the command fails.

  --url <url>           the connection, such as sqs://eu-west-1
                        (default: ANYQUEUE_URL, else anyqueue.config.json)
  --ordered             the queue keeps order per key (SQS: a FIFO queue; Service Bus: sessions)
  --deduplicating       the queue drops a message whose id it has seen (SQS: a FIFO queue)
  --attempts <n>        attempts that consumers will make, or "unlimited" (default: 5). The service's own limit of
                        deliveries is set above them, so that unhandled deliveries do not use it up
  --lease <duration>    how long a consumer has a message until it must renew (default: 60s)
  --no-dead-letters     no dead letters: a failing message is tried for ever, or as long as the service keeps it
  --help                this text

<queue> is the name of a definition, or the queue's real name if no definition can have it: orders.fifo.`;

/** `anyqueue create`: provisions one queue. */
export async function create(args: readonly string[], terminal: Terminal): Promise<number> {
  const plan = readCreatePlan(args);
  if (plan === undefined) {
    terminal.print(HELP);
    return 0;
  }
  const { client, name } = await openClient(plan, terminal, {
    notice: ({ text }) => terminal.warn(`note: ${text}`),
  });
  const stopped = new AbortController();
  void terminal.untilStopped().then(() => stopped.abort());
  try {
    await client.admin.create(definitionOf(name, plan), { signal: stopped.signal });
  } finally {
    await client.close();
  }
  const deadLetters = plan.hasDeadLetters ? " with its dead letters" : "";
  terminal.print(`${plan.queue} exists${deadLetters}.`);
  return 0;
}

/** A definition that needs what the flags ask for: a provider without it refuses. */
function definitionOf(
  name: string,
  plan: CreatePlan,
): QueueDefinition<Uint8Array, Uint8Array, Feature, Feature> {
  const needs: Feature[] = plan.isDeduplicating ? ["deduplication"] : [];
  const options = {
    schema: unchecked<Uint8Array>(),
    codec: bytes(),
    needs,
    retry: { attempts: plan.attempts },
    lease: plan.lease,
    deadLetter: plan.hasDeadLetters ? ("auto" as const) : ("none" as const),
  };
  // Nothing is sent, so no key is ever computed; having the function makes the queue an ordered one.
  return plan.isOrdered
    ? defineQueue(name, { ...options, orderingKey: () => "key" })
    : defineQueue(name, options);
}
