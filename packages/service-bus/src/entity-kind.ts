import { QueueError, type Target } from "@anyqueue/core/adapter";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { field } from "./field.ts";
import { PROVIDER } from "./refusal.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import { parseAddress } from "./service-bus-url.ts";

/**
 * Queues and topics share their names: a sender or a delete for one works on the other. Only the
 * administration tells them apart. Asked for either kind, it returns what it has. The SDK cannot read a topic
 * as a queue and says that the answer does not parse, but it reads a queue as a topic (7.9.5).
 *
 * @throws INVALID_ARGUMENT if the entity exists and is of another kind
 */
export async function assertKind(
  administration: ServiceBusAdministrationClient,
  target: Target,
  signal: AbortSignal,
): Promise<void> {
  const { root, subscription } = parseAddress(target.entity);
  const options = { abortSignal: signal };
  const wantsTopic = subscription !== undefined || target.ref.kind === "topic";
  const isQueue = await exists(administration.getQueue(root, options));
  if (isQueue === !wantsTopic) return;
  if (isQueue) {
    const remedy = "Define it with defineQueue, or name the topic that is meant.";
    throw wrongKind(target, `${root} is a queue, and the definition wants a topic`, remedy);
  }
  if (await exists(administration.getTopic(root, options))) {
    const remedy = "Define it with defineTopic, and read a subscription of it.";
    throw wrongKind(target, `${root} is a topic, and the definition wants a queue`, remedy);
  }
}

/** Whether the entity exists and the SDK can read it. @throws errors that leave this open */
async function exists(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    const isUnread = field(error, "code") === "PARSE_ERROR";
    if (isUnread || classifyServiceBusError(error, "admin").code === "NOT_FOUND") return false;
    throw error;
  }
}

function wrongKind(target: Target, what: string, remedy: string): QueueError {
  return new QueueError("INVALID_ARGUMENT", { what, remedy, provider: PROVIDER, target: target.name });
}
