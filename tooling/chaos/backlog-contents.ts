import type { Emulator } from "@anyqueue/emulator";
import { numberOf } from "./backlog-tally.ts";
import type { ChaosBody } from "./chaos-queue.ts";
import type { Stage } from "./providers.ts";

/** The messages of a run that are in the service. */
export interface BacklogContents {
  /** Numbers of the messages in the queue, including those that are out. */
  readonly there: readonly number[];
  /** How many messages are handed to a consumer and not settled. */
  readonly out: number;
  readonly deadLetters: number;
}

/** Reads a service that has only one queue and its dead letters. */
export function contentsOf(emulator: Emulator, { front }: Pick<Stage, "front">): BacklogContents {
  if (front === "service-bus") return serviceBusContents(emulator);
  return front === "sqs" ? sqsContents(emulator) : pubsubContents(emulator);
}

function serviceBusContents({ serviceBus }: Emulator): BacklogContents {
  const messages = serviceBus.entities().flatMap((entity) => entity.messages);
  return {
    there: messages.map(({ messageId }) => numberOf(messageId)),
    out: messages.filter(({ state }) => state === "locked").length,
    deadLetters: serviceBus.entities().reduce((sum, { counts }) => sum + counts.deadLetter, 0),
  };
}

function sqsContents({ sqs }: Emulator): BacklogContents {
  const queues = sqs.queues();
  const main = queues.filter(({ name }) => !isDead(name));
  return {
    there: main.flatMap(({ messages }) => messages.map(({ body }) => numberIn(body))),
    out: main.reduce((sum, { inFlight }) => sum + inFlight, 0),
    deadLetters: queues
      .filter(({ name }) => isDead(name))
      .reduce((sum, { messages }) => sum + messages.length, 0),
  };
}

function pubsubContents({ pubsub }: Emulator): BacklogContents {
  const subscriptions = pubsub.subscriptions();
  const main = subscriptions.filter(({ name }) => !isDead(name));
  return {
    there: main.flatMap(({ messages }) => messages.map(({ body }) => numberIn(body))),
    out: main.reduce((sum, { outstanding }) => sum + outstanding, 0),
    deadLetters: subscriptions
      .filter(({ name }) => isDead(name))
      .reduce((sum, { messages }) => sum + messages.length, 0),
  };
}

function isDead(name: string): boolean {
  return name.includes("-dead");
}

function numberIn(body: string): number {
  const { id }: ChaosBody = JSON.parse(body);
  return numberOf(id);
}
