/**
 * Every error that SQS answers with: shape, query code and HTTP status.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html and the Errors
 * section of each action. The codes of the query protocol come from the service model's `awsQueryError`
 * traits as shipped in @aws-sdk/client-sqs 3.1169.0 (2026-11-24).
 */
interface SqsErrorRow {
  readonly queryCode: string;
  readonly status: number;
  /** Namespace of `__type`, where not the service's own. The service framework has another one. */
  readonly namespace?: string;
  /** Name in `__type`, where it differs from the row's key. */
  readonly typeName?: string;
  readonly fault?: "Receiver";
}

const SERVICE_NAMESPACE = "com.amazonaws.sqs";
const FRAMEWORK_NAMESPACE = "com.amazon.coral.service";
const LEGACY_PREFIX = "AWS.SimpleQueueService.";

const ROWS = {
  QueueDoesNotExist: { queryCode: `${LEGACY_PREFIX}NonExistentQueue`, status: 400 },
  QueueNameExists: { queryCode: "QueueAlreadyExists", status: 400 },
  QueueDeletedRecently: { queryCode: `${LEGACY_PREFIX}QueueDeletedRecently`, status: 400 },
  PurgeQueueInProgress: { queryCode: `${LEGACY_PREFIX}PurgeQueueInProgress`, status: 403 },
  ReceiptHandleIsInvalid: { queryCode: "ReceiptHandleIsInvalid", status: 404 },
  MessageNotInflight: { queryCode: `${LEGACY_PREFIX}MessageNotInflight`, status: 400 },
  InvalidMessageContents: { queryCode: "InvalidMessageContents", status: 400 },
  InvalidAttributeName: { queryCode: "InvalidAttributeName", status: 400 },
  InvalidAttributeValue: { queryCode: "InvalidAttributeValue", status: 400 },
  InvalidIdFormat: { queryCode: "InvalidIdFormat", status: 400 },
  TooManyEntriesInBatchRequest: { queryCode: `${LEGACY_PREFIX}TooManyEntriesInBatchRequest`, status: 400 },
  EmptyBatchRequest: { queryCode: `${LEGACY_PREFIX}EmptyBatchRequest`, status: 400 },
  BatchEntryIdsNotDistinct: { queryCode: `${LEGACY_PREFIX}BatchEntryIdsNotDistinct`, status: 400 },
  InvalidBatchEntryId: { queryCode: `${LEGACY_PREFIX}InvalidBatchEntryId`, status: 400 },
  BatchRequestTooLong: { queryCode: `${LEGACY_PREFIX}BatchRequestTooLong`, status: 400 },
  UnsupportedOperation: { queryCode: `${LEGACY_PREFIX}UnsupportedOperation`, status: 400 },
  OverLimit: { queryCode: "OverLimit", status: 403 },
  RequestThrottled: { queryCode: "RequestThrottled", status: 403 },
  InvalidSecurity: { queryCode: "InvalidSecurity", status: 403 },
  InvalidAddress: { queryCode: "InvalidAddress", status: 404 },
  ResourceNotFoundException: { queryCode: "ResourceNotFoundException", status: 404 },
  KmsOptInRequired: { queryCode: "KMS.OptInRequired", status: 403 },
  KmsAccessDenied: { queryCode: "KMS.AccessDeniedException", status: 400 },
  KmsDisabled: { queryCode: "KMS.DisabledException", status: 400 },
  KmsInvalidKeyUsage: { queryCode: "KMS.InvalidKeyUsageException", status: 400 },
  KmsInvalidState: { queryCode: "KMS.InvalidStateException", status: 400 },
  KmsNotFound: { queryCode: "KMS.NotFoundException", status: 400 },
  KmsThrottled: { queryCode: "KMS.ThrottlingException", status: 400 },
  MissingParameter: {
    queryCode: "MissingParameter",
    status: 400,
    namespace: FRAMEWORK_NAMESPACE,
    typeName: "MissingRequiredParameterException",
  },
  InvalidParameterValue: {
    queryCode: "InvalidParameterValue",
    status: 400,
    namespace: FRAMEWORK_NAMESPACE,
    typeName: "InvalidParameterValueException",
  },
  MalformedInput: {
    queryCode: "MalformedInput",
    status: 400,
    namespace: FRAMEWORK_NAMESPACE,
    typeName: "SerializationException",
  },
  UnknownOperation: {
    queryCode: "InvalidAction",
    status: 400,
    namespace: FRAMEWORK_NAMESPACE,
    typeName: "UnknownOperationException",
  },
  MissingAction: { queryCode: "MissingAction", status: 400, namespace: FRAMEWORK_NAMESPACE },
  AccessDenied: {
    queryCode: "AccessDenied",
    status: 403,
    namespace: FRAMEWORK_NAMESPACE,
    typeName: "AccessDeniedException",
  },
  InvalidClientTokenId: { queryCode: "InvalidClientTokenId", status: 403, namespace: FRAMEWORK_NAMESPACE },
  ExpiredToken: { queryCode: "ExpiredToken", status: 403, namespace: FRAMEWORK_NAMESPACE },
  RequestExpired: { queryCode: "RequestExpired", status: 400, namespace: FRAMEWORK_NAMESPACE },
  SignatureDoesNotMatch: { queryCode: "SignatureDoesNotMatch", status: 403, namespace: FRAMEWORK_NAMESPACE },
  ThrottlingException: { queryCode: "ThrottlingException", status: 400, namespace: FRAMEWORK_NAMESPACE },
  InternalFailure: {
    queryCode: "InternalFailure",
    status: 500,
    namespace: FRAMEWORK_NAMESPACE,
    fault: "Receiver",
  },
  ServiceUnavailable: {
    queryCode: "ServiceUnavailable",
    status: 503,
    namespace: FRAMEWORK_NAMESPACE,
    fault: "Receiver",
  },
} satisfies Readonly<Record<string, SqsErrorRow>>;

export type SqsErrorName = keyof typeof ROWS;

export const SQS_ERROR_NAMES: readonly string[] = Object.keys(ROWS);

/** What a fault rule may override in an error. */
export interface SqsErrorDetails {
  readonly queryCode: string;
  readonly status: number;
  readonly isReceiverFault: boolean;
  readonly type: string;
}

/** A refusal by the service. */
export class SqsError extends Error {
  override readonly name = "SqsError";
  readonly queryCode: string;
  readonly status: number;
  readonly isReceiverFault: boolean;
  /** Value of `__type` in the JSON protocol. */
  readonly type: string;

  constructor(details: SqsErrorDetails, message: string) {
    super(message);
    this.queryCode = details.queryCode;
    this.status = details.status;
    this.isReceiverFault = details.isReceiverFault;
    this.type = details.type;
  }
}

export function sqsError(name: SqsErrorName, message: string): SqsError {
  return new SqsError(errorDetails(name), message);
}

export function invalidParameter(value: string | number, parameter: string, reason: string): SqsError {
  return sqsError(
    "InvalidParameterValue",
    `Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );
}

export function missingParameter(parameter: string): SqsError {
  return sqsError("MissingParameter", `The request must contain the parameter ${parameter}.`);
}

function isSqsErrorName(name: string): name is SqsErrorName {
  return Object.hasOwn(ROWS, name);
}

/** Wire details of a named error. A name without a row is sent as it is, with status 400. */
export function errorDetails(name: string): SqsErrorDetails {
  if (!isSqsErrorName(name)) {
    return { queryCode: name, status: 400, isReceiverFault: false, type: `${FRAMEWORK_NAMESPACE}#${name}` };
  }
  const row: SqsErrorRow = ROWS[name];
  return {
    queryCode: row.queryCode,
    status: row.status,
    isReceiverFault: row.fault === "Receiver",
    type: `${row.namespace ?? SERVICE_NAMESPACE}#${row.typeName ?? name}`,
  };
}
