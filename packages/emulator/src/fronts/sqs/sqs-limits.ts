/**
 * The quotas of Amazon SQS, in one place.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
 * (2026-11-24)
 */
export interface SqsLimits {
  readonly maxInFlightMessages: number;
}

export const SQS_LIMITS: SqsLimits = {
  // The same for standard and FIFO queues, since the FIFO limit was raised from 20,000.
  maxInFlightMessages: 120_000,
};

export const SQS_MAX_MESSAGE_BYTES = 1_048_576;
export const SQS_MIN_MAXIMUM_MESSAGE_SIZE_BYTES = 1024;
export const SQS_MAX_BATCH_ENTRIES = 10;
export const SQS_MAX_BATCH_BYTES = 1_048_576;
export const SQS_MAX_RECEIVE_MESSAGES = 10;
export const SQS_MAX_MESSAGE_ATTRIBUTES = 10;
export const SQS_MAX_ATTRIBUTE_NAME_LENGTH = 256;
export const SQS_MAX_ATTRIBUTE_TYPE_LENGTH = 256;
export const SQS_MAX_WAIT_SECONDS = 20;
export const SQS_MAX_DELAY_SECONDS = 900;
export const SQS_MAX_VISIBILITY_SECONDS = 43_200;
export const SQS_MIN_RETENTION_SECONDS = 60;
export const SQS_MAX_RETENTION_SECONDS = 1_209_600;
export const SQS_MAX_RECEIVE_COUNT = 1000;
export const SQS_MAX_TAGS = 50;
export const SQS_MAX_LIST_RESULTS = 1000;
export const SQS_MAX_REDRIVE_SOURCES = 10;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html (2026-11-24) */
export const SQS_DEDUP_WINDOW_MS = 5 * 60_000;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html (2026-11-24) */
export const SQS_ATTEMPT_WINDOW_MS = 5 * 60_000;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html (2026-11-24) */
export const SQS_PURGE_INTERVAL_MS = 60_000;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html (2026-11-24) */
export const SQS_RECREATE_DELAY_MS = 60_000;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html (2026-11-24) */
export const SQS_MAX_MOVES_PER_SECOND = 500;
export const SQS_MAX_LISTED_MOVE_TASKS = 10;
export const SQS_MAX_ACTIVE_MOVE_TASKS = 100;
