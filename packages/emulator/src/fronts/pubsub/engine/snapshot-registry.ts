import type { EngineClock } from "../../../time/engine-clock.ts";
import { alreadyExists, failedPrecondition, notFound } from "../pubsub-error.ts";
import { PUBSUB_MIN_SNAPSHOT_LIFE_MS, PUBSUB_SNAPSHOT_LIFE_MS } from "../pubsub-limits.ts";
import { checkResourceName } from "./resource-name.ts";
import type { Labels } from "./resources.ts";
import { Snapshot } from "./snapshot.ts";
import type { Subscription } from "./subscription.ts";
import type { Topic } from "./topic.ts";

/** The snapshots of every project. */
export class SnapshotRegistry {
  readonly #clock: EngineClock;
  readonly #findTopic: (name: string) => Topic | undefined;
  readonly #snapshots = new Map<string, Snapshot>();

  constructor(clock: EngineClock, findTopic: (name: string) => Topic | undefined) {
    this.#clock = clock;
    this.#findTopic = findTopic;
  }

  all(): readonly Snapshot[] {
    return [...this.#snapshots.values()];
  }

  get(name: string): Snapshot {
    checkResourceName(name, "snapshots");
    const snapshot = this.#snapshots.get(name);
    if (snapshot === undefined) throw notFound(name);
    return snapshot;
  }

  create(name: string, subscription: Subscription, labels: Labels): Snapshot {
    checkResourceName(name, "snapshots");
    if (this.#snapshots.has(name)) throw alreadyExists(name);
    const nowMs = this.#clock.now();
    const oldest = subscription.backlog.oldest()?.message.publishedAtMs ?? nowMs;
    const expiresAtMs = oldest + PUBSUB_SNAPSHOT_LIFE_MS;
    if (expiresAtMs - nowMs < PUBSUB_MIN_SNAPSHOT_LIFE_MS) {
      throw failedPrecondition("The snapshot would expire in less than 1 hour after creation.");
    }
    const { topic } = subscription.resource;
    const open = subscription.backlog.all().map(({ message }) => message);
    const life = { createdAtMs: nowMs, expiresAtMs };
    const snapshot = new Snapshot({ name, topic, labels }, life, open);
    this.#snapshots.set(name, snapshot);
    this.#findTopic(topic)?.listen(snapshot);
    snapshot.timer = this.#clock.at(expiresAtMs, () => this.delete(name));
    return snapshot;
  }

  delete(name: string): void {
    const snapshot = this.get(name);
    this.#snapshots.delete(name);
    this.#findTopic(snapshot.topic)?.unlisten(snapshot);
    if (snapshot.timer !== undefined) this.#clock.cancel(snapshot.timer);
  }

  clear(): void {
    for (const { name } of this.all()) this.delete(name);
  }
}
