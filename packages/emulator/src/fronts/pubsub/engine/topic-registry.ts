import type { EngineClock } from "../../../time/engine-clock.ts";
import { alreadyExists, notFound, PubsubError } from "../pubsub-error.ts";
import { applyUpdateMask } from "./apply-update-mask.ts";
import { checkResourceName } from "./resource-name.ts";
import type { TopicResource } from "./resources.ts";
import { checkRetention, refuseTransforms } from "./subscription-settings.ts";
import { Topic } from "./topic.ts";

/** The topics of every project. */
export class TopicRegistry {
  readonly #clock: EngineClock;
  readonly #checkSchema: (resource: TopicResource) => void;
  readonly #topics = new Map<string, Topic>();

  /** `checkSchema` throws if a topic names a schema that does not exist. */
  constructor(clock: EngineClock, checkSchema: (resource: TopicResource) => void) {
    this.#clock = clock;
    this.#checkSchema = checkSchema;
  }

  all(): readonly Topic[] {
    return [...this.#topics.values()];
  }

  find(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  get(name: string): Topic {
    checkResourceName(name, "topics");
    const topic = this.#topics.get(name);
    if (topic === undefined) throw notFound(name);
    return topic;
  }

  create(given: TopicResource): Topic {
    checkResourceName(given.name, "topics");
    const resource = this.#resolve(given);
    if (this.#topics.has(given.name)) throw alreadyExists(given.name);
    const topic = new Topic(this.#clock, resource);
    this.#topics.set(given.name, topic);
    return topic;
  }

  update(given: TopicResource, paths: readonly string[]): Topic {
    const topic = this.get(given.name);
    const updated = applyUpdateMask(topic.resource, given, paths, {
      request: "UpdateTopicRequest",
      resource: "Topic",
      mutable: [
        "labels",
        "message_storage_policy",
        "message_retention_duration",
        "schema_settings",
        "kms_key_name",
        "ingestion_data_source_settings",
        "message_transforms",
      ],
      immutable: ["name", "state", "satisfies_pzs", "tags"],
    });
    topic.update(this.#resolve(updated));
    return topic;
  }

  delete(name: string): Topic {
    const topic = this.get(name);
    this.#topics.delete(name);
    return topic;
  }

  clear(): void {
    this.#topics.clear();
  }

  #resolve(given: TopicResource): TopicResource {
    checkRetention(given.messageRetentionDuration, "Topic message retention duration");
    refuseTransforms(given.messageTransforms);
    if (given.ingestionDataSourceSettings !== null && given.ingestionDataSourceSettings !== undefined) {
      throw new PubsubError("UNIMPLEMENTED", "The emulator does not ingest from other sources.");
    }
    this.#checkSchema(given);
    return { ...given, state: "ACTIVE" };
  }
}
