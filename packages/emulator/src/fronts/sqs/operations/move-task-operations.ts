import type { MoveTask } from "../engine/move-tasks.ts";
import { isRecord, type OperationInput } from "../protocol/operation-input.ts";
import { invalidParameter, sqsError } from "../sqs-errors.ts";
import { SQS_MAX_LISTED_MOVE_TASKS, SQS_MAX_MOVES_PER_SECOND } from "../sqs-limits.ts";
import type { CallContext, Operation, OutputValue } from "./operation.ts";
import { findByArn } from "./resolve-queue.ts";

export const startMessageMoveTask: Operation = (input, context) => {
  const source = findByArn(input.text("SourceArn"), "SourceArn", context);
  const destinationArn = input.optionalText("DestinationArn");
  const destination =
    destinationArn === undefined ? undefined : findByArn(destinationArn, "DestinationArn", context);
  if (destination === source) {
    throw sqsError("InvalidParameterValue", "Source queue arn and destination queue arn cannot be the same.");
  }
  if (destination !== undefined && destination.identity.isFifo !== source.identity.isFifo) {
    throw sqsError("InvalidParameterValue", "Source queue and destination queue must be of the same type.");
  }
  const task = context.engine.moveTasks.start(source, destination, readRate(input));
  return { TaskHandle: encodeTaskHandle(task) };
};

export const cancelMessageMoveTask: Operation = (input, context) => {
  const { taskId, sourceArn } = decodeTaskHandle(input.text("TaskHandle"));
  const source = findByArn(sourceArn, "SourceArn", context);
  const task = context.engine.moveTasks.find(taskId);
  if (task?.source !== source) throw sqsError("ResourceNotFoundException", "Task does not exist.");
  context.engine.moveTasks.cancel(task);
  return { ApproximateNumberOfMessagesMoved: task.moved };
};

export const listMessageMoveTasks: Operation = (input, context) => {
  const source = findByArn(input.text("SourceArn"), "SourceArn", context);
  const max = input.optionalInteger("MaxResults") ?? 1;
  if (max < 1 || max > SQS_MAX_LISTED_MOVE_TASKS) {
    throw invalidParameter(
      max,
      "MaxResults",
      `Value for parameter MaxResults is invalid. Reason: Must be between 1 and ${SQS_MAX_LISTED_MOVE_TASKS}.`,
    );
  }
  const tasks = context.engine.moveTasks.listOf(source).slice(0, max);
  return { Results: tasks.length > 0 ? tasks.map((task) => renderTask(task, context)) : undefined };
};

function renderTask(task: MoveTask, context: CallContext): OutputValue {
  return {
    TaskHandle: task.status === "RUNNING" ? encodeTaskHandle(task) : undefined,
    Status: task.status,
    SourceArn: task.source.arn,
    DestinationArn: task.destination?.arn,
    MaxNumberOfMessagesPerSecond: task.maxPerSecond,
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    FailureReason: task.failureReason,
    StartedTimestamp: Math.floor(context.wireTime.toWireMs(task.startedAtMs)),
  };
}

function readRate(input: OperationInput): number | undefined {
  const rate = input.optionalInteger("MaxNumberOfMessagesPerSecond");
  if (rate === undefined || (rate >= 1 && rate <= SQS_MAX_MOVES_PER_SECOND)) return rate;
  throw invalidParameter(
    rate,
    "MaxNumberOfMessagesPerSecond",
    `Must be between 1 and ${SQS_MAX_MOVES_PER_SECOND}.`,
  );
}

function encodeTaskHandle(task: MoveTask): string {
  return Buffer.from(JSON.stringify({ taskId: task.id, sourceArn: task.source.arn })).toString("base64");
}

function decodeTaskHandle(handle: string): { readonly taskId: string; readonly sourceArn: string } {
  try {
    const value: unknown = JSON.parse(Buffer.from(handle, "base64").toString());
    if (isRecord(value) && typeof value["taskId"] === "string" && typeof value["sourceArn"] === "string") {
      return { taskId: value["taskId"], sourceArn: value["sourceArn"] };
    }
  } catch {
    // Refused below, like any other text that is not a handle.
  }
  throw sqsError("InvalidParameterValue", "Value for parameter TaskHandle is invalid.");
}
