import type { SchemaEncoding } from "../engine/schema/check-definition.ts";
import type { Policy } from "../engine/iam-policies.ts";
import type {
  Labels,
  PushConfig,
  SubscriptionResource,
  Timestamp,
  TopicResource,
} from "../engine/resources.ts";

/** A message as a publisher sends it and a subscriber receives it. */
export interface WireMessage {
  readonly data: Uint8Array;
  readonly attributes: Labels;
  readonly messageId: string;
  readonly publishTime: Timestamp | null;
  readonly orderingKey: string;
}

export interface WireReceivedMessage {
  readonly ackId: string;
  readonly message: WireMessage;
  readonly deliveryAttempt: number;
}

export type SchemaView = "SCHEMA_VIEW_UNSPECIFIED" | "BASIC" | "FULL";

export interface WireSchema {
  readonly name: string;
  readonly type: string;
  readonly definition: string;
}

interface FieldMask {
  readonly paths: readonly string[];
}

interface Page {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** Requests as the descriptor decodes them: every scalar is present, and a missing message is null. */
export interface PubsubRequests {
  readonly CreateTopic: TopicResource;
  readonly UpdateTopic: { readonly topic: TopicResource | null; readonly updateMask: FieldMask | null };
  readonly Publish: { readonly topic: string; readonly messages: readonly WireMessage[] };
  readonly GetTopic: { readonly topic: string };
  readonly ListTopics: Page & { readonly project: string };
  readonly ListTopicSubscriptions: Page & { readonly topic: string };
  readonly ListTopicSnapshots: Page & { readonly topic: string };
  readonly DeleteTopic: { readonly topic: string };
  readonly DetachSubscription: { readonly subscription: string };
  readonly CreateSubscription: SubscriptionResource;
  readonly GetSubscription: { readonly subscription: string };
  readonly UpdateSubscription: {
    readonly subscription: SubscriptionResource | null;
    readonly updateMask: FieldMask | null;
  };
  readonly ListSubscriptions: Page & { readonly project: string };
  readonly DeleteSubscription: { readonly subscription: string };
  readonly ModifyAckDeadline: {
    readonly subscription: string;
    readonly ackIds: readonly string[];
    readonly ackDeadlineSeconds: number;
  };
  readonly Acknowledge: { readonly subscription: string; readonly ackIds: readonly string[] };
  readonly Pull: {
    readonly subscription: string;
    readonly returnImmediately: boolean;
    readonly maxMessages: number;
  };
  readonly ModifyPushConfig: { readonly subscription: string; readonly pushConfig: PushConfig | null };
  readonly GetSnapshot: { readonly snapshot: string };
  readonly ListSnapshots: Page & { readonly project: string };
  readonly CreateSnapshot: { readonly name: string; readonly subscription: string; readonly labels: Labels };
  readonly UpdateSnapshot: {
    readonly snapshot: { readonly name: string; readonly labels: Labels } | null;
    readonly updateMask: FieldMask | null;
  };
  readonly DeleteSnapshot: { readonly snapshot: string };
  readonly Seek: {
    readonly subscription: string;
    readonly time?: Timestamp;
    readonly snapshot?: string;
  };
  readonly CreateSchema: {
    readonly parent: string;
    readonly schema: WireSchema | null;
    readonly schemaId: string;
  };
  readonly GetSchema: { readonly name: string; readonly view: SchemaView };
  readonly ListSchemas: Page & { readonly parent: string; readonly view: SchemaView };
  readonly ListSchemaRevisions: Page & { readonly name: string; readonly view: SchemaView };
  readonly CommitSchema: { readonly name: string; readonly schema: WireSchema | null };
  readonly RollbackSchema: { readonly name: string; readonly revisionId: string };
  readonly DeleteSchemaRevision: { readonly name: string; readonly revisionId: string };
  readonly DeleteSchema: { readonly name: string };
  readonly ValidateSchema: { readonly parent: string; readonly schema: WireSchema | null };
  readonly ValidateMessage: {
    readonly parent: string;
    readonly name?: string;
    readonly schema?: WireSchema;
    readonly message: Uint8Array;
    readonly encoding: SchemaEncoding;
  };
  readonly SetIamPolicy: { readonly resource: string; readonly policy: Policy | null };
  readonly GetIamPolicy: { readonly resource: string };
  readonly TestIamPermissions: { readonly resource: string; readonly permissions: readonly string[] };
}

/** One request on a stream. */
export interface StreamingPullRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
  readonly modifyDeadlineSeconds: readonly number[];
  readonly modifyDeadlineAckIds: readonly string[];
  readonly streamAckDeadlineSeconds: number;
  readonly clientId: string;
  readonly maxOutstandingMessages: number;
  readonly maxOutstandingBytes: number;
  readonly protocolVersion: number;
}

/** One response on a stream. Absent members are not sent. */
export interface StreamingPullResponse {
  readonly receivedMessages?: readonly WireReceivedMessage[];
  readonly acknowledgeConfirmation?: AckConfirmation;
  readonly modifyAckDeadlineConfirmation?: AckConfirmation;
  readonly subscriptionProperties?: {
    readonly exactlyOnceDeliveryEnabled: boolean;
    readonly messageOrderingEnabled: boolean;
  };
}

export interface AckConfirmation {
  readonly ackIds: readonly string[];
  readonly invalidAckIds: readonly string[];
  readonly unorderedAckIds?: readonly string[];
  readonly temporaryFailedAckIds: readonly string[];
}
