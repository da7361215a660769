import { failedPrecondition } from "../pubsub-error.ts";
import type { PublishedMessage } from "./published-message.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Subscription } from "./subscription.ts";
import type { Topic } from "./topic.ts";

/** Treats everything published before `timeMs` (engine time) as acknowledged, and everything since as not. */
export function seekToTime(subscription: Subscription, topic: Topic | undefined, timeMs: number): void {
  const known = new Map<number, PublishedMessage>();
  const candidates = [
    ...(topic?.retained() ?? []).filter((message) => subscription.accepts(message)),
    ...subscription.acknowledged(),
    ...subscription.backlog.all().map(({ message }) => message),
  ];
  for (const message of candidates) if (message.publishedAtMs >= timeMs) known.set(message.number, message);
  subscription.replaceBacklog([...known.values()]);
}

/** Makes exactly the snapshot's messages the backlog. */
export function seekToSnapshot(subscription: Subscription, snapshot: Snapshot): void {
  if (snapshot.topic !== subscription.resource.topic) {
    throw failedPrecondition(
      `The snapshot and the subscription must be of the same topic (snapshot=${snapshot.name}, subscription=${subscription.name}).`,
    );
  }
  subscription.replaceBacklog(snapshot.messages().filter((message) => subscription.accepts(message)));
}
