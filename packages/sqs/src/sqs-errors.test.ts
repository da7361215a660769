import { QueueError, type ErrorCode } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { ChecksumError } from "./checksum.ts";
import { EntryError } from "./entry-error.ts";
import { classifySqsError, SERVICE_ERRORS, SOCKET_ERRORS, TEXT_ERRORS } from "./sqs-errors.ts";

/** An error as the SDK throws it: `name` is the shape, `Code` the query code. */
function sdkError(name: string, more: object = {}): Error {
  return Object.assign(
    new Error("text"),
    { name, $metadata: { httpStatusCode: 400, requestId: "r-1" } },
    more,
  );
}

describe("classifySqsError", () => {
  const recorded: readonly (readonly [string, string | undefined, ErrorCode])[] = [
    ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NOT_FOUND"],
    ["AWS.SimpleQueueService.NonExistentQueue", undefined, "NOT_FOUND"],
    ["ResourceNotFoundException", undefined, "NOT_FOUND"],
    ["QueueNameExists", "QueueAlreadyExists", "ALREADY_EXISTS"],
    ["AccessDeniedException", undefined, "ACCESS_DENIED"],
    ["KmsAccessDenied", "KMS.AccessDeniedException", "ACCESS_DENIED"],
    ["KMS.NotFoundException", undefined, "ACCESS_DENIED"],
    ["CredentialsProviderError", undefined, "UNAUTHENTICATED"],
    ["ExpiredTokenException", undefined, "UNAUTHENTICATED"],
    ["InvalidClientTokenId", undefined, "UNAUTHENTICATED"],
    ["RequestExpired", undefined, "UNAUTHENTICATED"],
    ["RequestThrottled", "RequestThrottled", "THROTTLED"],
    ["KmsThrottled", "KMS.ThrottlingException", "THROTTLED"],
    ["ThrottlingException", undefined, "THROTTLED"],
    ["RequestLimitExceeded", undefined, "THROTTLED"],
    ["BandwidthLimitExceeded", undefined, "THROTTLED"],
    ["PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", "THROTTLED"],
    ["OverLimit", "OverLimit", "QUOTA_EXCEEDED"],
    ["BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", "BATCH_TOO_LARGE"],
    ["ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "LEASE_LOST"],
    ["MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", "LEASE_LOST"],
    ["InvalidMessageContents", undefined, "INVALID_ARGUMENT"],
    ["com.amazonaws.sqs#UnsupportedOperation", undefined, "INVALID_ARGUMENT"],
    ["SomethingNew", "InvalidParameterValue", "INVALID_ARGUMENT"],
    ["ServiceUnavailable", undefined, "UNAVAILABLE"],
    ["TimeoutError", undefined, "TIMEOUT"],
    ["AbortError", undefined, "CANCELLED"],
  ];

  test("says where credentials are looked for, and that an emulator takes any", () => {
    const error = Object.assign(new Error("Could not load credentials"), {
      name: "CredentialsProviderError",
    });
    expect(classifySqsError(error, "send").remedy).toContain("AWS_ACCESS_KEY_ID");
  });

  test("says that the name of a deleted queue is free after a minute, and not to create the queue", () => {
    expect(classifySqsError(sdkError("QueueDeletedRecently"), "admin")).toMatchObject({
      code: "THROTTLED",
      retryable: true,
      retryAfterMs: 60_000,
      remedy: expect.stringContaining("60 seconds"),
    });
  });

  test.each(recorded)("reads %s with code %s as %s", (name, code, expected) => {
    const error = sdkError(name, code === undefined ? {} : { Code: code });
    expect(classifySqsError(error, "send").code).toBe(expected);
  });

  test("reads the name before the code, because the code is absent without its header", () => {
    const error = sdkError("QueueDoesNotExist", { Code: "AccessDenied" });
    expect(classifySqsError(error, "open").code).toBe("NOT_FOUND");
  });

  test("tells an oversize message from other invalid parameters by the text", () => {
    const error = sdkError("InvalidParameterValue");
    error.message = "One or more parameters are invalid. Reason: Message must be shorter than 262144 bytes.";
    expect(classifySqsError(error, "send")).toMatchObject({ code: "MESSAGE_TOO_LARGE", limitBytes: 262_144 });
  });

  test("does not take an attribute's name that is too long for a message that is too large", () => {
    const error = sdkError("InvalidParameterValue");
    error.message = "Message (user) attribute name must be shorter than 256 bytes.";
    expect(classifySqsError(error, "send").code).toBe("INVALID_ARGUMENT");
  });

  test.each([
    "Value AQEB for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
    "Message does not exist or is not available for visibility timeout change",
  ])("reads a late settlement as a lost lease: %s", (text) => {
    const error = sdkError("InvalidParameterValue");
    error.message = text;
    expect(classifySqsError(error, "ack")).toMatchObject({ code: "LEASE_LOST", retryable: false });
  });

  test.each([
    ["ECONNREFUSED", "CONNECTION_LOST", false],
    ["ENOTFOUND", "CONNECTION_LOST", false],
    ["EAI_AGAIN", "CONNECTION_LOST", false],
    ["EPIPE", "CONNECTION_LOST", true],
    ["ETIMEDOUT", "TIMEOUT", true],
    ["EHOSTUNREACH", "CONNECTION_LOST", true],
    ["EPROTO", "CONNECTION_LOST", true],
  ] as const)("reads the socket code %s as %s, ambiguous %s", (code, expected, ambiguous) => {
    const error = Object.assign(new Error("connect"), { code });
    expect(classifySqsError(error, "send")).toMatchObject({ code: expected, ambiguous, retryable: true });
  });

  test.each(["CERT_HAS_EXPIRED", "SELF_SIGNED_CERT_IN_CHAIN", "ERR_TLS_CERT_ALTNAME_INVALID"])(
    "takes %s for no matter of waiting",
    (code) => {
      const error = Object.assign(new Error("connect"), { code });
      expect(classifySqsError(error, "send")).toMatchObject({ code: "UNAUTHENTICATED", retryable: false });
    },
  );

  // Reading and writing fail with the same codes once the request is out: see the table above.
  test.each([
    ["ETIMEDOUT", "TIMEOUT"],
    ["EHOSTUNREACH", "CONNECTION_LOST"],
    ["ENETUNREACH", "CONNECTION_LOST"],
    ["ECONNRESET", "CONNECTION_LOST"],
    // Too many connections are open.
    ["EADDRNOTAVAIL", "CONNECTION_LOST"],
  ] as const)("knows that a connection that failed to open with %s carried nothing", (code, expected) => {
    const error = Object.assign(new Error(`connect ${code}`), { code, syscall: "connect" });
    const refused = { code: expected, retryable: true, ambiguous: false };
    expect(classifySqsError(error, "send")).toMatchObject(refused);
    // All of several addresses failed.
    const all = Object.assign(new AggregateError([error, error]), { code });
    expect(classifySqsError(all, "send")).toMatchObject(refused);
  });

  test("reads a reset as a lost connection although the SDK calls it TimeoutError", () => {
    const error = Object.assign(new Error("socket hang up"), { name: "TimeoutError", code: "ECONNRESET" });
    expect(classifySqsError(error, "send")).toMatchObject({ code: "CONNECTION_LOST", ambiguous: true });
  });

  test("knows that a connection that never opened carried nothing", () => {
    const text =
      "the request socket did not establish a connection with the server within the configured timeout";
    const error = Object.assign(new Error(text), { name: "TimeoutError" });
    expect(classifySqsError(error, "send")).toMatchObject({ code: "TIMEOUT", ambiguous: false });
  });

  test.each([
    [503, "UNAVAILABLE", false],
    [502, "UNAVAILABLE", true],
    [429, "THROTTLED", false],
    // From a load balancer that closes an idle connection.
    [408, "TIMEOUT", true],
    [200, "UNAVAILABLE", true],
    [403, "ACCESS_DENIED", false],
    [418, "INVALID_ARGUMENT", false],
  ] as const)("reads a page of a proxy with status %s (a SyntaxError) as %s", (status, code, ambiguous) => {
    const error = Object.assign(new SyntaxError("Unexpected token '<'"), {
      $metadata: { httpStatusCode: status },
    });
    const remedy: unknown = expect.stringContaining(`status ${status}`);
    expect(classifySqsError(error, "send")).toMatchObject({ code, ambiguous, remedy });
  });

  // The trap: @smithy/middleware-serde 4.0.0 (2025) puts the status of such a page nowhere but into the response.
  test("reads the status of a page where old releases of the SDK leave it", () => {
    const error = Object.assign(new SyntaxError("Unexpected token '<'"), {
      $metadata: { attempts: 1, totalRetryDelay: 0 },
      $response: { statusCode: 503, headers: { "retry-after": "3" } },
    });
    const remedy: unknown = expect.stringContaining("status 503");
    const outage = { code: "UNAVAILABLE", ambiguous: false, retryAfterMs: 3_000, remedy };
    expect(classifySqsError(error, "send")).toMatchObject(outage);
  });

  test("reads Retry-After in seconds, and as a date against the date of the answer", () => {
    const response = (headers: object): object => ({ $response: { headers } });
    const seconds = sdkError("RequestThrottled", response({ "retry-after": "7" }));
    const date = sdkError(
      "RequestThrottled",
      response({ "retry-after": "Tue, 24 Nov 2026 10:00:09 GMT", date: "Tue, 24 Nov 2026 10:00:00 GMT" }),
    );
    expect(classifySqsError(seconds, "send").retryAfterMs).toBe(7_000);
    expect(classifySqsError(date, "send").retryAfterMs).toBe(9_000);
    expect(classifySqsError(sdkError("RequestThrottled"), "send").retryAfterMs).toBeUndefined();
  });

  test.each([
    [false, "UNAVAILABLE", true],
    [true, "INTERNAL", false],
    [undefined, "INTERNAL", false],
  ] as const)(
    "reads an unknown code of an entry with SenderFault %s as %s",
    (SenderFault, code, retryable) => {
      const entry = new EntryError({ Code: "SomethingNew", SenderFault }, "r-2");
      expect(classifySqsError(entry, "ack")).toMatchObject({ code, retryable, ambiguous: false });
    },
  );

  test("never calls a refused entry of a batch ambiguous", () => {
    const entry = new EntryError({ Code: "InternalError", Message: "try again" }, "r-2");
    expect(classifySqsError(entry, "send")).toEqual({
      code: "UNAVAILABLE",
      retryable: true,
      ambiguous: false,
      providerCode: "InternalError",
      requestId: "r-2",
    });
  });

  test("calls a message with another checksum on arrival ambiguous", () => {
    expect(classifySqsError(new ChecksumError("x"), "send")).toMatchObject({
      code: "UNAVAILABLE",
      ambiguous: true,
    });
    const own = new Error("Invalid MD5 checksum on messages: 1");
    expect(classifySqsError(own, "send")).toMatchObject({ code: "UNAVAILABLE", ambiguous: true });
  });

  test.each(["Region is missing", "expected `region` to be configured for `aws.auth#sigv4`"])(
    "asks for a region where the SDK found none: %s",
    (text) => {
      expect(classifySqsError(new Error(text), "open").code).toBe("INVALID_ARGUMENT");
    },
  );

  test("passes an error of ours through", () => {
    const closed = new QueueError("CLOSED", { what: "closed" });
    expect(classifySqsError(closed, "send")).toMatchObject({
      code: "CLOSED",
      retryable: false,
      ambiguous: false,
    });
  });

  test("says UNSUPPORTED for a move from a queue that is nobody's dead-letter queue", () => {
    const error = sdkError("InvalidParameterValue");
    error.message = "Source queue must be configured as a Dead Letter Queue.";
    expect(classifySqsError(error, "admin").code).toBe("UNSUPPORTED");
    expect(classifySqsError(error, "send").code).toBe("INVALID_ARGUMENT");
  });

  test.each([undefined, null, "text", 7, {}, new Error("whatever")])("reads %s as INTERNAL", (value) => {
    // The application's own handler may have thrown it after the request.
    expect(classifySqsError(value, "send")).toMatchObject({
      code: "INTERNAL",
      retryable: false,
      ambiguous: true,
    });
  });

  // Errors as `fetch`, and handlers made with it, throw them.
  test.each([
    ["ECONNREFUSED", "connect", "CONNECTION_LOST", false],
    ["ECONNRESET", "read", "CONNECTION_LOST", true],
    ["UND_ERR_SOCKET", undefined, "CONNECTION_LOST", true],
    ["UND_ERR_CONNECT_TIMEOUT", undefined, "TIMEOUT", false],
    ["UND_ERR_HEADERS_TIMEOUT", undefined, "TIMEOUT", true],
  ] as const)(
    "reads %s (%s) as the cause of what says nothing itself",
    (code, syscall, expected, ambiguous) => {
      const cause = Object.assign(new Error("why"), { code, syscall });
      const error = new TypeError("fetch failed", { cause });
      expect(classifySqsError(error, "send")).toMatchObject({ code: expected, ambiguous, retryable: true });
    },
  );

  test("ends with causes that go round", () => {
    const error = new Error("a");
    error.cause = new Error("b", { cause: error });
    expect(classifySqsError(error, "send").code).toBe("INTERNAL");
  });
});

describe("the error tables", () => {
  test("name a source with its date in every row", () => {
    for (const row of [...SERVICE_ERRORS, ...SOCKET_ERRORS, ...TEXT_ERRORS]) {
      expect(row.source).toMatch(/\(2026-11-\d\d\)$/);
    }
  });

  test("hold every name once", () => {
    const names = [...SERVICE_ERRORS, ...SOCKET_ERRORS].flatMap((row) => row.names.split(" "));
    expect(new Set(names).size).toBe(names.length);
  });

  test("cover every error that the SDK models", async () => {
    const sdk = await import("@aws-sdk/client-sqs");
    const modelled = Object.values(sdk).filter(
      (value): value is typeof sdk.QueueDoesNotExist =>
        typeof value === "function" && value.prototype instanceof sdk.SQSServiceException,
    );
    expect(modelled.length).toBeGreaterThan(20);
    for (const Shape of modelled) {
      const error = new Shape({ $metadata: {}, message: "x" });
      expect([error.name, classifySqsError(error, "send").code]).not.toContain("INTERNAL");
    }
  });
});
