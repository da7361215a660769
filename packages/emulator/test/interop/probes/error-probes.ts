import type { Members, Probe, ProbedServer, Refusal } from "./probe.ts";

const MIB = 1_048_576;
const PREFIX = "AWS.SimpleQueueService.";
const SERVICE = "com.amazonaws.sqs#";

const ELEVEN: readonly string[] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];

const entries = (...ids: readonly string[]): readonly Members[] =>
  ids.map((id) => ({ Id: id, MessageBody: "a" }));

/** A probe of a call on a queue that must be refused. */
function refusal(
  claim: string,
  operation: string,
  input: Members | ((url: string) => Members),
  wanted: Refusal | ((name: string) => Refusal),
  make: (server: ProbedServer) => Promise<string> = async (server) => await server.queue(),
): Probe {
  return {
    claim,
    async run(server) {
      const url = await make(server);
      const members = typeof input === "function" ? input(url) : { QueueUrl: url, ...input };
      const name = url.slice(url.lastIndexOf("/") + 1);
      await server.refuses(operation, members, typeof wanted === "function" ? wanted(name) : wanted);
    },
  };
}

const fifo = async (server: ProbedServer): Promise<string> => await server.fifo();

const purged = async (server: ProbedServer): Promise<string> => {
  const url = await server.queue();
  await server.ok("PurgeQueue", { QueueUrl: url });
  return url;
};

/** Codes and texts with which the service answered from 2024 to 2026. */
export const ERROR_PROBES: readonly Probe[] = [
  refusal(
    "a missing queue: type, prefixed code, lower-case `message`",
    "ReceiveMessage",
    (url) => ({ QueueUrl: `${url}-missing` }),
    {
      code: `${PREFIX}NonExistentQueue`,
      type: `${SERVICE}QueueDoesNotExist`,
      message: "The specified queue does not exist.",
      status: 400,
    },
  ),
  refusal(
    "`MaxNumberOfMessages` 11: text",
    "ReceiveMessage",
    { MaxNumberOfMessages: 11 },
    {
      code: "InvalidParameterValue",
      message:
        "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
    },
  ),
  refusal(
    "`WaitTimeSeconds` 21: text",
    "ReceiveMessage",
    { WaitTimeSeconds: 21 },
    {
      code: "InvalidParameterValue",
      message:
        "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
    },
  ),
  refusal(
    "a message of a byte more than 1 MiB: code and text",
    "SendMessage",
    { MessageBody: "a".repeat(MIB + 1) },
    {
      code: "InvalidParameterValue",
      message: `One or more parameters are invalid. Reason: Message must be shorter than ${MIB} bytes.`,
    },
  ),
  refusal(
    "the size of a message is in bytes, not in characters",
    "SendMessage",
    { MessageBody: "é".repeat(MIB / 2 + 1) },
    { code: "InvalidParameterValue" },
  ),
  refusal(
    "a batch of a byte more than 1 MiB: prefixed code and text",
    "SendMessageBatch",
    {
      Entries: [
        { Id: "a", MessageBody: "a".repeat(MIB / 2) },
        { Id: "b", MessageBody: "b".repeat(MIB / 2 + 1) },
      ],
    },
    {
      code: `${PREFIX}BatchRequestTooLong`,
      message: `Batch requests cannot be longer than ${MIB} bytes. You have sent ${MIB + 1} bytes.`,
    },
  ),
  refusal(
    "eleven entries: prefixed code",
    "SendMessageBatch",
    { Entries: entries(...ELEVEN) },
    { code: `${PREFIX}TooManyEntriesInBatchRequest`, type: `${SERVICE}TooManyEntriesInBatchRequest` },
  ),
  refusal(
    "no entries: prefixed code",
    "SendMessageBatch",
    { Entries: [] },
    { code: `${PREFIX}EmptyBatchRequest` },
  ),
  refusal(
    "one id twice: prefixed code",
    "SendMessageBatch",
    { Entries: entries("a", "a") },
    { code: `${PREFIX}BatchEntryIdsNotDistinct` },
  ),
  refusal(
    "an id with a space: prefixed code",
    "SendMessageBatch",
    { Entries: entries("a b") },
    { code: `${PREFIX}InvalidBatchEntryId` },
  ),
  refusal(
    "a second purge within 60 s: prefixed code and text",
    "PurgeQueue",
    {},
    (name) => ({
      code: `${PREFIX}PurgeQueueInProgress`,
      message: `Only one PurgeQueue operation on ${name} is allowed every 60 seconds.`,
    }),
    purged,
  ),
  refusal(
    "a receipt handle that is none: bare code",
    "DeleteMessage",
    { ReceiptHandle: "no-handle" },
    { code: "ReceiptHandleIsInvalid" },
  ),
  refusal(
    "a name with other attributes: bare code, shape `QueueNameExists`",
    "CreateQueue",
    (url) => ({ QueueName: url.slice(url.lastIndexOf("/") + 1), Attributes: { DelaySeconds: "7" } }),
    { code: "QueueAlreadyExists", type: `${SERVICE}QueueNameExists` },
  ),
  refusal(
    "an unknown queue attribute: bare code",
    "GetQueueAttributes",
    { AttributeNames: ["Colour"] },
    { code: "InvalidAttributeName" },
  ),
  refusal(
    "a visibility timeout of more than 12 h as queue attribute: bare code",
    "SetQueueAttributes",
    { Attributes: { VisibilityTimeout: "43201" } },
    { code: "InvalidAttributeValue" },
  ),
  refusal(
    "a control character in a body: bare code",
    "SendMessage",
    { MessageBody: "a\u0001" },
    { code: "InvalidMessageContents" },
  ),
  refusal(
    "eleven message attributes: refused",
    "SendMessage",
    {
      MessageBody: "a",
      MessageAttributes: Object.fromEntries(
        ELEVEN.map((name) => [name, { DataType: "String", StringValue: "1" }]),
      ),
    },
    { code: "InvalidParameterValue" },
  ),
  refusal(
    "a message attribute without a value: refused",
    "SendMessage",
    { MessageBody: "a", MessageAttributes: { empty: { DataType: "String", StringValue: "" } } },
    { code: "InvalidParameterValue" },
  ),
  refusal(
    "a delay of 901 s: refused",
    "SendMessage",
    { MessageBody: "a", DelaySeconds: 901 },
    { code: "InvalidParameterValue" },
  ),
  refusal(
    "a deduplication id on a standard queue: refused",
    "SendMessage",
    { MessageBody: "a", MessageDeduplicationId: "a" },
    { code: "InvalidParameterValue" },
  ),
  refusal(
    "no group on a FIFO queue: code and text",
    "SendMessage",
    { MessageBody: "a", MessageDeduplicationId: "a" },
    { code: "MissingParameter", message: "The request must contain the parameter MessageGroupId." },
    fifo,
  ),
  refusal(
    "a delay of one message on a FIFO queue: refused",
    "SendMessage",
    { MessageBody: "a", MessageDeduplicationId: "a", MessageGroupId: "g", DelaySeconds: 5 },
    { code: "InvalidParameterValue" },
    fifo,
  ),
];
