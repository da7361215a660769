import type { MessageCounts } from "./engine/contract.ts";
import type { EntityStatus } from "./engine/entity-settings.ts";
import type { MailboxFamily } from "./engine/mailbox-family.ts";
import type { MessageMailbox } from "./engine/mailbox.ts";
import type { PropertyValue } from "./engine/message-content.ts";
import type { ServiceBusNamespace } from "./engine/namespace.ts";
import type { OutcomeCounts } from "./engine/outcome-log.ts";
import type { StoredMessage } from "./engine/stored-message.ts";

/** A queue, topic or subscription at one moment, for tests and for inspection. */
export interface EntitySnapshot {
  /** What it is. */
  readonly kind: "queue" | "topic" | "subscription";
  /** `orders`, `events/Subscriptions/audit` */
  readonly path: string;
  /** Which directions are open. */
  readonly status: EntityStatus;
  /** How many messages it holds. */
  readonly counts: MessageCounts;
  /** Empty for a topic, like the two members below. */
  readonly messages: readonly EntityMessageSnapshot[];
  /** Its dead letters. */
  readonly deadLetters: readonly EntityMessageSnapshot[];
  /** What could not be forwarded. */
  readonly transferDeadLetters: readonly EntityMessageSnapshot[];
  /** How deliveries ended, by message id: what the broker saw, whatever a client believes it sent. */
  readonly outcomes: Readonly<Record<string, OutcomeCounts>>;
}

/** A message at one moment. */
export interface EntityMessageSnapshot {
  /** As the sender gave it. */
  readonly messageId: string;
  /** The number that the service gave it. */
  readonly sequenceNumber: number;
  /** Where it stands. */
  readonly state: "scheduled" | "ready" | "locked" | "deferred";
  /** Number of counted deliveries that have ended; 0 during the first one. */
  readonly deliveryCount: number;
  /** Undefined: it is in no session. */
  readonly sessionId: string | undefined;
  /** As the sender gave it. */
  readonly subject: string | undefined;
  /** Engine time in milliseconds. */
  readonly enqueuedAt: number;
  /** Engine time in milliseconds; undefined if nobody holds the message, or if its session holds it. */
  readonly lockedUntil: number | undefined;
  /** Bytes as base64; numbers beyond 2^53 as text. */
  readonly applicationProperties: Readonly<Record<string, string | number | boolean | null>>;
}

/** Queues and topics by name, with each topic before its subscriptions. */
export function snapshotEntities(namespace: ServiceBusNamespace): readonly EntitySnapshot[] {
  const queues = namespace.queues().map((queue) => ({
    kind: "queue" as const,
    path: queue.name,
    ...describe(queue),
    ...snapshotFamily(queue.family),
  }));
  const topics = namespace.topics().flatMap((topic): EntitySnapshot[] => [
    {
      kind: "topic",
      path: topic.name,
      ...describe(topic),
      messages: [],
      deadLetters: [],
      transferDeadLetters: [],
      outcomes: {},
    },
    ...topic.subscriptions().flatMap(({ name }) => snapshotSubscription(namespace, topic.name, name)),
  ]);
  return [...queues, ...topics];
}

function snapshotSubscription(
  namespace: ServiceBusNamespace,
  topicName: string,
  name: string,
): readonly EntitySnapshot[] {
  const subscription = namespace.subscription(topicName, name);
  if (subscription === undefined) return [];
  const { path, family } = subscription;
  return [{ kind: "subscription", path, ...describe(subscription), ...snapshotFamily(family) }];
}

function describe(entity: {
  readonly settings: { readonly status: EntityStatus };
  readonly counts: MessageCounts;
}): Pick<EntitySnapshot, "status" | "counts"> {
  return { status: entity.settings.status, counts: entity.counts };
}

function snapshotFamily(
  family: MailboxFamily,
): Pick<EntitySnapshot, "messages" | "deadLetters" | "transferDeadLetters" | "outcomes"> {
  return {
    messages: messagesOf(family.main),
    deadLetters: messagesOf(family.deadLetters),
    transferDeadLetters: messagesOf(family.transferDeadLetters),
    outcomes: family.main.keeper.outcomes.all(),
  };
}

function messagesOf(mailbox: MessageMailbox): readonly EntityMessageSnapshot[] {
  return mailbox.keeper.shelf.all().flatMap(snapshotMessage);
}

function snapshotMessage(message: StoredMessage): readonly EntityMessageSnapshot[] {
  const { content, sequenceNumber, state, deliveryCount, enqueuedAtMs, lock } = message;
  if (state === "gone") return [];
  const { messageId, sessionId, subject } = content.properties;
  return [
    {
      messageId,
      sequenceNumber,
      state,
      deliveryCount,
      sessionId,
      subject,
      enqueuedAt: enqueuedAtMs,
      lockedUntil: lock?.hold === undefined ? lock?.untilMs : undefined,
      applicationProperties: Object.fromEntries(
        [...content.applicationProperties].map(([name, value]) => [name, plainValue(value)]),
      ),
    },
  ];
}

function plainValue({ value }: PropertyValue): string | number | boolean | null {
  if (typeof value === "bigint") return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
