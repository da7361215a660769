import type { PubsubRequests } from "../grpc/pubsub-wire.ts";
import { getIamPolicy, setIamPolicy, testIamPermissions } from "./iam-operations.ts";
import { acknowledge, modifyAckDeadline, pull } from "./message-operations.ts";
import type { Operation } from "./operation.ts";
import {
  commitSchema,
  createSchema,
  deleteSchema,
  deleteSchemaRevision,
  getSchema,
  listSchemaRevisions,
  listSchemas,
  rollbackSchema,
  validateMessage,
  validateSchema,
} from "./schema-operations.ts";
import {
  createSnapshot,
  deleteSnapshot,
  getSnapshot,
  listSnapshots,
  seek,
  updateSnapshot,
} from "./snapshot-operations.ts";
import {
  createSubscription,
  deleteSubscription,
  getSubscription,
  listSubscriptions,
  modifyPushConfig,
  updateSubscription,
} from "./subscription-operations.ts";
import {
  createTopic,
  deleteTopic,
  detachSubscription,
  getTopic,
  listTopics,
  listTopicSnapshots,
  listTopicSubscriptions,
  publish,
  updateTopic,
} from "./topic-operations.ts";

export type UnaryOperations = { readonly [Name in keyof PubsubRequests]: Operation<PubsubRequests[Name]> };

/** Every unary operation of every service, by name. */
export const UNARY_OPERATIONS: UnaryOperations = {
  CreateTopic: createTopic,
  UpdateTopic: updateTopic,
  Publish: publish,
  GetTopic: getTopic,
  ListTopics: listTopics,
  ListTopicSubscriptions: listTopicSubscriptions,
  ListTopicSnapshots: listTopicSnapshots,
  DeleteTopic: deleteTopic,
  DetachSubscription: detachSubscription,
  CreateSubscription: createSubscription,
  GetSubscription: getSubscription,
  UpdateSubscription: updateSubscription,
  ListSubscriptions: listSubscriptions,
  DeleteSubscription: deleteSubscription,
  ModifyAckDeadline: modifyAckDeadline,
  Acknowledge: acknowledge,
  Pull: pull,
  ModifyPushConfig: modifyPushConfig,
  GetSnapshot: getSnapshot,
  ListSnapshots: listSnapshots,
  CreateSnapshot: createSnapshot,
  UpdateSnapshot: updateSnapshot,
  DeleteSnapshot: deleteSnapshot,
  Seek: seek,
  CreateSchema: createSchema,
  GetSchema: getSchema,
  ListSchemas: listSchemas,
  ListSchemaRevisions: listSchemaRevisions,
  CommitSchema: commitSchema,
  RollbackSchema: rollbackSchema,
  DeleteSchemaRevision: deleteSchemaRevision,
  DeleteSchema: deleteSchema,
  ValidateSchema: validateSchema,
  ValidateMessage: validateMessage,
  SetIamPolicy: setIamPolicy,
  GetIamPolicy: getIamPolicy,
  TestIamPermissions: testIamPermissions,
};
