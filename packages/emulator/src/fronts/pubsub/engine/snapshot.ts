import type { EngineTimer } from "../../../time/engine-clock.ts";
import type { PublishedMessage } from "./published-message.ts";
import type { Labels } from "./resources.ts";
import type { TopicListener } from "./topic.ts";

/** A point to seek to: the messages that were open then, and all those published since. */
export class Snapshot implements TopicListener {
  readonly name: string;
  readonly createdAtMs: number;
  /** Engine time. */
  readonly expiresAtMs: number;
  labels: Labels;
  topic: string;
  /** Deletes the snapshot when it expires. */
  timer: EngineTimer | undefined;
  readonly #messages: PublishedMessage[];

  constructor(
    identity: { readonly name: string; readonly topic: string; readonly labels: Labels },
    life: { readonly createdAtMs: number; readonly expiresAtMs: number },
    open: readonly PublishedMessage[],
  ) {
    this.name = identity.name;
    this.topic = identity.topic;
    this.labels = identity.labels;
    this.createdAtMs = life.createdAtMs;
    this.expiresAtMs = life.expiresAtMs;
    this.#messages = [...open];
  }

  offer(message: PublishedMessage): void {
    this.#messages.push(message);
  }

  messages(): readonly PublishedMessage[] {
    return this.#messages;
  }
}
