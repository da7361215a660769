import type { EngineClock } from "../../../time/engine-clock.ts";
import type { PublishedMessage } from "./published-message.ts";
import { durationMs, type TopicResource } from "./resources.ts";

/** Receives every message of a topic from now on. */
export interface TopicListener {
  offer(message: PublishedMessage): void;
}

/** One topic: its settings, its listeners, and its messages if it retains them itself. */
export class Topic {
  readonly #clock: EngineClock;
  readonly #listeners = new Set<TopicListener>();
  readonly #retained = new Map<number, PublishedMessage>();
  #resource: TopicResource;

  constructor(clock: EngineClock, resource: TopicResource) {
    this.#clock = clock;
    this.#resource = resource;
  }

  get resource(): TopicResource {
    return this.#resource;
  }

  get name(): string {
    return this.#resource.name;
  }

  update(resource: TopicResource): void {
    this.#resource = resource;
    this.#dropOld();
  }

  listen(listener: TopicListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: TopicListener): void {
    this.#listeners.delete(listener);
  }

  publish(messages: readonly PublishedMessage[]): void {
    for (const message of messages) {
      if (this.#resource.messageRetentionDuration !== null) this.#retained.set(message.number, message);
      for (const listener of this.#listeners) listener.offer(message);
    }
    this.#dropOld();
  }

  /** Messages that any subscription can seek back to, oldest first. */
  retained(): readonly PublishedMessage[] {
    this.#dropOld();
    return [...this.#retained.values()];
  }

  #dropOld(): void {
    const { messageRetentionDuration } = this.#resource;
    if (messageRetentionDuration === null) {
      this.#retained.clear();
      return;
    }
    const bornBeforeMs = this.#clock.now() - durationMs(messageRetentionDuration);
    for (const message of this.#retained.values()) {
      if (message.publishedAtMs > bornBeforeMs) return;
      this.#retained.delete(message.number);
    }
  }
}
