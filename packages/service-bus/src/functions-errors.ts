import { isQueueError, type ErrorClass, type ErrorCode, type Operation } from "@anyqueue/core/adapter";
import { field } from "./field.ts";

// HOST: SettlementService of azure-sdk-for-net, Microsoft.Azure.WebJobs.Extensions.ServiceBus (2026-11-29)
// GRPC: https://grpc.io/docs/guides/status-codes/ (2026-11-29)
// DOTNET: https://learn.microsoft.com/dotnet/api/azure.messaging.servicebus.servicebusfailurereason (2026-11-29)

interface Row {
  /** The gRPC status; for status 2, the reason of .NET's ServiceBusException in the text. */
  readonly name: number | string;
  readonly code: ErrorCode;
  readonly retryable?: true;
  readonly ambiguous?: true;
}

/** Meanings of the host's answers. A separate table: the SDK's would be half of a function's bundle. */
const ROWS: readonly Row[] = [
  // GRPC
  { name: 1, code: "CANCELLED", ambiguous: true },
  { name: 4, code: "TIMEOUT", retryable: true, ambiguous: true },
  { name: 8, code: "THROTTLED", retryable: true },
  { name: 14, code: "CONNECTION_LOST", retryable: true, ambiguous: true },
  // GRPC: the host does not know the action.
  { name: 12, code: "UNSUPPORTED" },
  // HOST: it keeps a lock token only while its call runs.
  { name: 9, code: "LEASE_LOST" },
  { name: "UnauthorizedAccessException", code: "ACCESS_DENIED" },
  // DOTNET
  { name: "MessageLockLost", code: "LEASE_LOST" },
  { name: "SessionLockLost", code: "LEASE_LOST" },
  { name: "MessageNotFound", code: "NOT_FOUND" },
  { name: "MessagingEntityNotFound", code: "NOT_FOUND" },
  { name: "MessagingEntityDisabled", code: "UNAVAILABLE" },
  { name: "QuotaExceeded", code: "QUOTA_EXCEEDED", retryable: true },
  { name: "ServiceBusy", code: "THROTTLED", retryable: true },
  { name: "ServiceTimeout", code: "TIMEOUT", retryable: true, ambiguous: true },
  { name: "ServiceCommunicationProblem", code: "CONNECTION_LOST", retryable: true, ambiguous: true },
];

const UNKNOWN = 2;

/** Classifies any value with which an action of the SDK binding can reject. */
export function classifyFunctionsError(error: unknown, _during: Operation): ErrorClass {
  if (isQueueError(error))
    return { code: error.code, retryable: error.retryable, ambiguous: error.ambiguous };
  const status = field(error, "code");
  const name = status === UNKNOWN ? reasonOf(error) : status;
  const row = ROWS.find((each) => each.name === name);
  return {
    code: row?.code ?? "INTERNAL",
    retryable: row?.retryable === true,
    ambiguous: row === undefined || row.ambiguous === true,
    ...((typeof name === "string" || typeof name === "number") && { providerCode: String(name) }),
  };
}

/** .NET's text: `ServiceBusException: … (MessageLockLost). For troubleshooting …`, or another exception. */
function reasonOf(error: unknown): string | undefined {
  const details = field(error, "details") ?? field(error, "message");
  const text = typeof details === "string" ? details : "";
  const [, reason] = /ServiceBusException: [^]*?\((\w+)\)\./.exec(text) ?? [];
  const [, exception] = /\b(\w+Exception)\b/.exec(text) ?? [];
  return reason ?? exception;
}
