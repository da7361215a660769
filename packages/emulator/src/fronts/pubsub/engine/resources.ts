/** Resources in their wire format. Fields that the engine does not use are kept as well. */

export interface Duration {
  readonly seconds: number;
  readonly nanos: number;
}

/** Wire format. Engine time is in milliseconds instead. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

export type Labels = Readonly<Record<string, string>>;

export interface SchemaSettings {
  readonly schema: string;
  readonly encoding: "ENCODING_UNSPECIFIED" | "JSON" | "BINARY";
  readonly firstRevisionId: string;
  readonly lastRevisionId: string;
}

export interface TopicResource {
  readonly name: string;
  readonly labels: Labels;
  readonly messageRetentionDuration: Duration | null;
  readonly schemaSettings: SchemaSettings | null;
  readonly state: string;
  readonly ingestionDataSourceSettings: unknown;
  readonly messageTransforms: readonly unknown[];
}

export interface PushConfig {
  readonly pushEndpoint: string;
  readonly attributes: Labels;
  readonly oidcToken?: { readonly serviceAccountEmail: string; readonly audience: string } | null;
  readonly pubsubWrapper?: object | null;
  readonly noWrapper?: { readonly writeMetadata: boolean } | null;
}

export interface DeadLetterPolicy {
  readonly deadLetterTopic: string;
  /** 0 means 5. */
  readonly maxDeliveryAttempts: number;
}

export interface RetryPolicy {
  readonly minimumBackoff: Duration | null;
  readonly maximumBackoff: Duration | null;
}

export interface SubscriptionResource {
  readonly name: string;
  readonly topic: string;
  readonly pushConfig: PushConfig | null;
  readonly bigqueryConfig: unknown;
  readonly cloudStorageConfig: unknown;
  readonly bigtableConfig: unknown;
  readonly ackDeadlineSeconds: number;
  readonly retainAckedMessages: boolean;
  readonly messageRetentionDuration: Duration | null;
  readonly labels: Labels;
  readonly enableMessageOrdering: boolean;
  /** Null means the service's 31 days. A policy without a ttl means never. */
  readonly expirationPolicy: { readonly ttl: Duration | null } | null;
  readonly filter: string;
  readonly deadLetterPolicy: DeadLetterPolicy | null;
  readonly retryPolicy: RetryPolicy | null;
  readonly detached: boolean;
  readonly enableExactlyOnceDelivery: boolean;
  readonly topicMessageRetentionDuration: Duration | null;
  readonly state: string;
  readonly messageTransforms: readonly unknown[];
}

export interface SnapshotResource {
  readonly name: string;
  readonly topic: string;
  readonly expireTime: Timestamp;
  readonly labels: Labels;
}

export function durationMs(duration: Duration): number {
  return duration.seconds * 1000 + duration.nanos / 1_000_000;
}

export function durationOf(ms: number): Duration {
  return { seconds: Math.floor(ms / 1000), nanos: Math.round((ms % 1000) * 1_000_000) };
}

export function timestampMs(timestamp: Timestamp): number {
  return timestamp.seconds * 1000 + timestamp.nanos / 1_000_000;
}

/** Converts milliseconds since the epoch to the wire format. */
export function timestampOf(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}
