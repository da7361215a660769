import type { EngineClock } from "../../../time/engine-clock.ts";
import { isSendOpen } from "./check-settings.ts";
import type { LinkHandle, LinkWatcher, SendTarget } from "./contract.ts";
import { DuplicateWindow } from "./duplicate-window.ts";
import type { EngineError } from "./engine-error.ts";
import type { EntityStatus, IntakeSettings } from "./entity-settings.ts";
import { freshArrival, type Arrival } from "./mailbox-surroundings.ts";
import type { MessageContent, MessageProperties } from "./message-content.ts";
import {
  entityDisabled,
  entityFull,
  headersTooLarge,
  messageTooLarge,
  outOfRange,
  sessionIdMissing,
} from "./refusals.ts";
import { SenderLinks } from "./sender-links.ts";

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas (2026-11-29)
const MAX_ID_CHARACTERS = 128;
const MAX_HEADER_BYTES = 65_536;

/** The entity that an intake belongs to. */
export interface IntakeEntity {
  readonly clock: EngineClock;
  readonly requiresSession: boolean;
  settings(): IntakeSettings & { readonly status: EntityStatus };
  sizeBytes(): number;
  checkExists(): void;
  touch(): void;
  /** Stores the message or its copies, and returns its number. */
  take(arrival: Arrival): number;
  /** Keeps the message until it is due, and returns its number. */
  schedule(arrival: Arrival, dueMs: number): number;
  cancelScheduled(sequenceNumbers: readonly number[]): void;
  /** Delivers the messages taken. */
  pump(): void;
}

/** Takes in the messages of a queue or topic: checks them, drops duplicates, and schedules or stores them. */
export class Intake implements SendTarget {
  readonly path: string;
  readonly #entity: IntakeEntity;
  readonly #senders = new SenderLinks();
  readonly #duplicates = new DuplicateWindow();

  constructor(path: string, entity: IntakeEntity) {
    this.path = path;
    this.#entity = entity;
  }

  get maxMessageBytes(): number {
    return this.#entity.settings().maxMessageSizeInKilobytes * 1024;
  }

  attachSender(watcher: LinkWatcher): LinkHandle {
    this.#checkOpen();
    return this.#senders.attach(watcher);
  }

  send(contents: readonly MessageContent[]): void {
    this.#check(contents);
    const nowMs = this.#entity.clock.now();
    for (const content of contents) this.#takeOnce(content, nowMs);
    this.#entity.pump();
  }

  schedule(contents: readonly MessageContent[]): readonly number[] {
    this.#check(contents);
    const nowMs = this.#entity.clock.now();
    const sequenceNumbers = contents.map((content) => this.#takeOnce(content, nowMs));
    this.#entity.pump();
    return sequenceNumbers;
  }

  cancelScheduled(sequenceNumbers: readonly number[]): void {
    this.#checkOpen();
    this.#entity.cancelScheduled(sequenceNumbers);
  }

  /** Takes a message that another entity forwards. Its original sender learns nothing of the result. */
  accept(arrival: Arrival): void {
    this.#check([arrival.content]);
    this.#onceOnly(arrival.content, this.#entity.clock.now(), () => this.#entity.take(arrival));
    this.#entity.pump();
  }

  end(error: EngineError): void {
    this.#senders.end(error);
  }

  settingsChanged(): void {
    if (!isSendOpen(this.#entity.settings().status)) this.end(entityDisabled(this.path));
  }

  #check(contents: readonly MessageContent[]): void {
    this.#checkOpen();
    const { maxMessageBytes } = this;
    let bytes = 0;
    for (const content of contents) {
      if (content.sizeBytes > maxMessageBytes) throw messageTooLarge(content.sizeBytes, maxMessageBytes);
      if (content.headerBytes > MAX_HEADER_BYTES)
        throw headersTooLarge(content.headerBytes, MAX_HEADER_BYTES);
      checkIds(content.properties);
      if (this.#entity.requiresSession && content.properties.sessionId === undefined)
        throw sessionIdMissing();
      bytes += content.sizeBytes;
    }
    const sizeBytes = this.#entity.sizeBytes();
    const maxBytes = this.#entity.settings().maxSizeInMegabytes * 1024 * 1024;
    if (sizeBytes + bytes > maxBytes) throw entityFull(this.path, sizeBytes, maxBytes);
  }

  #checkOpen(): void {
    this.#entity.checkExists();
    if (!isSendOpen(this.#entity.settings().status)) throw entityDisabled(this.path);
    this.#entity.touch();
  }

  #takeOnce(content: MessageContent, nowMs: number): number {
    const dueMs = content.properties.scheduledAtMs;
    return this.#onceOnly(content, nowMs, () => {
      const arrival = freshArrival(content);
      return dueMs !== undefined && dueMs > nowMs
        ? this.#entity.schedule(arrival, dueMs)
        : this.#entity.take(arrival);
    });
  }

  /** Accepts but drops a duplicate. The sender cannot tell. */
  #onceOnly(content: MessageContent, nowMs: number, take: () => number): number {
    const settings = this.#entity.settings();
    if (!settings.requiresDuplicateDetection) return take();
    const key = duplicateKey(content, settings.enablePartitioning);
    const first = this.#duplicates.find(key, nowMs, settings.duplicateDetectionHistoryMs);
    if (first !== undefined) return first;
    const sequenceNumber = take();
    this.#duplicates.remember(key, sequenceNumber, nowMs);
    return sequenceNumber;
  }
}

/** Ids whose length is limited, with their names in the vendor's documents. */
const MEASURED_IDS = [
  ["messageId", "MessageId"],
  ["sessionId", "SessionId"],
  ["replyToSessionId", "ReplyToSessionId"],
  ["partitionKey", "PartitionKey"],
] as const;

/** The vendor's own client checks this before it sends. Other clients get the error here. */
function checkIds(properties: MessageProperties): void {
  for (const [member, name] of MEASURED_IDS) {
    const length = properties[member]?.length ?? 0;
    if (length > MAX_ID_CHARACTERS)
      throw outOfRange(
        name,
        `at most ${String(MAX_ID_CHARACTERS)} characters`,
        `${String(length)} characters`,
      );
  }
}

/**
 * A partitioned entity also compares the partition key, because partitions do not know each other's messages.
 * https://learn.microsoft.com/azure/service-bus-messaging/duplicate-detection (2026-11-29)
 */
function duplicateKey({ properties }: MessageContent, isPartitioned: boolean): string {
  if (!isPartitioned) return properties.messageId;
  return JSON.stringify([properties.sessionId ?? properties.partitionKey ?? null, properties.messageId]);
}
