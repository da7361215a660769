import { cancelMessageMoveTask, listMessageMoveTasks, startMessageMoveTask } from "./move-task-operations.ts";
import type { Operation } from "./operation.ts";
import { addPermission, removePermission } from "./permission-operations.ts";
import {
  createQueue,
  deleteQueue,
  getQueueAttributes,
  getQueueUrl,
  listDeadLetterSourceQueues,
  listQueues,
  purgeQueue,
  setQueueAttributes,
} from "./queue-operations.ts";
import { receiveMessage } from "./receive-operations.ts";
import { sendMessage, sendMessageBatch } from "./send-operations.ts";
import {
  changeMessageVisibility,
  changeMessageVisibilityBatch,
  deleteMessage,
  deleteMessageBatch,
} from "./settle-operations.ts";
import { listQueueTags, tagQueue, untagQueue } from "./tag-operations.ts";

/** Every action of the API: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html (2026-11-24) */
export const SQS_OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    AddPermission: addPermission,
    CancelMessageMoveTask: cancelMessageMoveTask,
    ChangeMessageVisibility: changeMessageVisibility,
    ChangeMessageVisibilityBatch: changeMessageVisibilityBatch,
    CreateQueue: createQueue,
    DeleteMessage: deleteMessage,
    DeleteMessageBatch: deleteMessageBatch,
    DeleteQueue: deleteQueue,
    GetQueueAttributes: getQueueAttributes,
    GetQueueUrl: getQueueUrl,
    ListDeadLetterSourceQueues: listDeadLetterSourceQueues,
    ListMessageMoveTasks: listMessageMoveTasks,
    ListQueues: listQueues,
    ListQueueTags: listQueueTags,
    PurgeQueue: purgeQueue,
    ReceiveMessage: receiveMessage,
    RemovePermission: removePermission,
    SendMessage: sendMessage,
    SendMessageBatch: sendMessageBatch,
    SetQueueAttributes: setQueueAttributes,
    StartMessageMoveTask: startMessageMoveTask,
    TagQueue: tagQueue,
    UntagQueue: untagQueue,
  }),
);
