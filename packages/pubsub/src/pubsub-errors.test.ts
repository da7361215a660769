import { QueueError, type ErrorCode, type Operation } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { AckIdError } from "./ack-id-error.ts";
import { classifyPubsubError, isPassing, refusedAckIds, STATUSES, statusOf, TEXTS } from "./pubsub-errors.ts";

const KEY_DISABLED =
  "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k is not enabled, current state is: DISABLED.";

function grpc(code: number | undefined, message = "as the service says"): Error {
  return Object.assign(new Error(message), { code });
}

describe("classifyPubsubError", () => {
  test.each([
    // Cancelled by a proxy or the service: a send that was cancelled here is over, whatever its driver says.
    [1, "UNAVAILABLE", true, true],
    [2, "UNAVAILABLE", true, true],
    [3, "INVALID_ARGUMENT", false, false],
    [4, "TIMEOUT", true, true],
    [5, "NOT_FOUND", false, false],
    [6, "ALREADY_EXISTS", false, false],
    [7, "ACCESS_DENIED", false, false],
    [8, "THROTTLED", true, false],
    [9, "UNSUPPORTED", false, false],
    [10, "UNAVAILABLE", true, true],
    [11, "INVALID_ARGUMENT", false, false],
    [12, "UNSUPPORTED", false, false],
    [13, "UNAVAILABLE", true, true],
    [14, "UNAVAILABLE", true, true],
    [15, "UNAVAILABLE", true, true],
    [16, "UNAUTHENTICATED", false, false],
  ] as const)("reads status %i as %s, retryable %s, ambiguous %s", (status, code, retryable, ambiguous) => {
    expect(classifyPubsubError(grpc(status), "send")).toMatchObject({ code, retryable, ambiguous });
  });

  const texts: readonly (readonly [number | undefined, string, Operation, ErrorCode, boolean])[] = [
    [undefined, "Could not load the default credentials. Browse to …", "open", "UNAUTHENTICATED", false],
    [
      undefined,
      "Unable to detect a Project Id in the current environment.",
      "open",
      "UNAUTHENTICATED",
      false,
    ],
    [
      undefined,
      "Unable to read the credential file specified by the GOOGLE_APPLICATION_CREDENTIALS environment variable: The incoming JSON object does not contain a private_key field",
      "open",
      "UNAUTHENTICATED",
      false,
    ],
    [undefined, "The client has already been closed.", "send", "CLOSED", false],
    [0, "Cannot use a closed PubSub object.", "send", "CLOSED", false],
    [undefined, "Channel has been shut down", "send", "CLOSED", false],
    [
      14,
      "14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED",
      "send",
      "CONNECTION_LOST",
      false,
    ],
    [
      14,
      "14 UNAVAILABLE: Name resolution failed for target dns:pubsub.googleapis.com",
      "send",
      "CONNECTION_LOST",
      false,
    ],
    [
      14,
      "14 UNAVAILABLE: No connection established. Last error: Error: self-signed certificate in certificate chain",
      "send",
      "UNAUTHENTICATED",
      false,
    ],
    [
      14,
      "14 UNAVAILABLE: No connection established. Last error: Error: certificate has expired. Resolution note: ",
      "open",
      "UNAUTHENTICATED",
      false,
    ],
    [
      4,
      "4 DEADLINE_EXCEEDED: Deadline exceeded after 15.001s,name resolution: 0.002s,Waiting for LB pick",
      "send",
      "CONNECTION_LOST",
      false,
    ],
    [
      4,
      "4 DEADLINE_EXCEEDED: Deadline exceeded after 15s,waiting for name resolution",
      "send",
      "CONNECTION_LOST",
      false,
    ],
    [
      4,
      "4 DEADLINE_EXCEEDED: Deadline exceeded after 15.001s,previous attempts: 1,Waiting for LB pick",
      "send",
      "TIMEOUT",
      true,
    ],
    [
      4,
      "4 DEADLINE_EXCEEDED: Deadline exceeded after 15.001s,LB pick: 0.002s,remote_addr=127.0.0.1:8085",
      "send",
      "TIMEOUT",
      true,
    ],
    [14, "14 UNAVAILABLE: read ECONNRESET", "send", "CONNECTION_LOST", true],
    [14, "14 UNAVAILABLE: Connection dropped", "send", "CONNECTION_LOST", true],
    [13, "13 INTERNAL: Received RST_STREAM with code 2", "send", "CONNECTION_LOST", true],
    [3, "The value for message size is too large. You passed 10000417", "send", "MESSAGE_TOO_LARGE", false],
    [
      3,
      "The value for attribute_value_size is too large. You passed 1100",
      "send",
      "INVALID_ARGUMENT",
      false,
    ],
    [3, "You have passed an invalid ack ID to the service (ackId=abc).", "ack", "LEASE_LOST", false],
    [3, "Some acknowledgement ids in the request were invalid.", "extend", "LEASE_LOST", false],
    [3, "You have passed an invalid ack ID to the service (ackId=abc).", "send", "INVALID_ARGUMENT", false],
    [9, "Subscription detached", "ack", "LEASE_LOST", false],
    [9, "Subscription detached", "receive", "UNSUPPORTED", false],
    [9, KEY_DISABLED, "receive", "ACCESS_DENIED", false],
    [9, KEY_DISABLED, "send", "ACCESS_DENIED", false],
    // No lease is lost: the message would be handled again and again.
    [9, KEY_DISABLED, "ack", "ACCESS_DENIED", false],
    [1, "Call cancelled", "receive", "UNAVAILABLE", false],
    [1, "Cancelled on client", "admin", "CANCELLED", true],
  ];
  test.each([
    ["The value for message size is too large. You passed 11 in the request, but the maximum value is 9.", 9],
    ["Request payload size exceeds the limit: 10485760 bytes.", 10_485_760],
    ["The value for message size is too large.", undefined],
  ])("reads the limit of a size in %j", (text, limitBytes) => {
    expect(classifyPubsubError(grpc(3, text), "send").limitBytes).toBe(limitBytes);
  });

  test.each([
    [KEY_DISABLED, /key/],
    ["Subscription detached", /billing.*region.*detached/],
  ])("says what to change at Google: %s", (text, remedy) => {
    expect(classifyPubsubError(grpc(9, text), "receive").remedy).toMatch(remedy);
  });

  test.each(texts)("reads %s %j during %s as %s, ambiguous %s", (status, text, during, code, ambiguous) => {
    expect(classifyPubsubError(grpc(status, text), during)).toMatchObject({ code, ambiguous });
  });

  const plugin = "Getting metadata from plugin failed with error: ";
  const tokens: readonly (readonly [number, string, ErrorCode, boolean])[] = [
    // How gRPC reports an error of google-auth-library: with its HTTP status unchanged, or 2 for all else.
    [503, `503 undefined: ${plugin}backend`, "UNAVAILABLE", true],
    [500, `500 undefined: ${plugin}Could not refresh access token: {"error":"backend"}`, "UNAVAILABLE", true],
    [429, `429 undefined: ${plugin}backend`, "UNAVAILABLE", true],
    [
      2,
      `2 UNKNOWN: ${plugin}request to https://oauth2.googleapis.com/token failed, reason: connect ECONNREFUSED 127.0.0.1:443`,
      "CONNECTION_LOST",
      true,
    ],
    [
      2,
      `2 UNKNOWN: ${plugin}request to http://metadata.google.internal/ failed, reason: getaddrinfo ENOTFOUND metadata.google.internal`,
      "CONNECTION_LOST",
      true,
    ],
    [2, `2 UNKNOWN: ${plugin}The operation was aborted due to timeout`, "CONNECTION_LOST", true],
    [
      2,
      `2 UNKNOWN: ${plugin}request to https://oauth2.googleapis.com/token failed, reason: self-signed certificate`,
      "UNAUTHENTICATED",
      false,
    ],
    [400, `400 undefined: ${plugin}invalid_grant`, "UNAUTHENTICATED", false],
    [403, `403 undefined: ${plugin}PERMISSION_DENIED: unable to impersonate`, "UNAUTHENTICATED", false],
    [2, `2 UNKNOWN: ${plugin}No refresh token is set.`, "UNAUTHENTICATED", false],
  ];
  test.each(tokens)("reads %s %j as %s, retryable %s: nothing was sent", (status, text, code, retryable) => {
    expect(classifyPubsubError(grpc(status, text), "send")).toMatchObject({
      code,
      retryable,
      ambiguous: false,
    });
  });

  test("says what to do without credentials, project or entity, and which server does not answer", () => {
    const remedyOf = (error: Error): string | undefined =>
      classifyPubsubError(error, "open", "127.0.0.1:8085").remedy;
    expect(remedyOf(new Error("Could not load the default credentials."))).toContain("gcloud auth");
    expect(remedyOf(new Error("Unable to detect a Project Id"))).toContain("PUBSUB_PROJECT_ID");
    // The first failures of a client name no address.
    expect(remedyOf(grpc(14, "14 UNAVAILABLE: No connection established. Last error: null."))).toContain(
      "127.0.0.1:8085",
    );
    expect(remedyOf(grpc(14))).toBeUndefined();
    // "Resource not found" names a topic and a subscription alike.
    expect(remedyOf(grpc(5, "5 NOT_FOUND: Resource not found (resource=orders)."))).toContain(
      "a topic and a subscription",
    );
  });

  test("reads a lookup of credentials that the network failed as that", () => {
    const text = "request to http://169.254.169.254/computeMetadata/v1/ failed, reason: connect EHOSTUNREACH";
    const error = Object.assign(new Error(text), { code: "EHOSTUNREACH" });
    expect(classifyPubsubError(error, "open")).toMatchObject({
      code: "CONNECTION_LOST",
      retryable: true,
      ambiguous: false,
    });
  });

  test("finds the real code behind the SDK's own deadline", () => {
    const text =
      "Total timeout of API google.pubsub.v1.Publisher exceeded 600000 milliseconds retrying error Error: 8 RESOURCE_EXHAUSTED: too fast before any response was received.";
    expect(classifyPubsubError(grpc(4, text), "send")).toMatchObject({
      code: "THROTTLED",
      providerCode: "RESOURCE_EXHAUSTED",
    });
    expect(statusOf(grpc(4, text))).toBe(8);
    expect(classifyPubsubError(grpc(4, "Deadline exceeded"), "send").code).toBe("TIMEOUT");
  });

  test("reads the rejections of release 5, which are texts", () => {
    expect(classifyPubsubError("The client has already been closed.", "send").code).toBe("CLOSED");
  });

  test("knows a refused ack id by its reason", () => {
    const permanent = new AckIdError("PERMANENT_FAILURE_INVALID_ACK_ID", undefined);
    const transient = new AckIdError("TRANSIENT_FAILURE_UNORDERED_ACK_ID", undefined);
    expect(classifyPubsubError(permanent, "ack")).toMatchObject({ code: "LEASE_LOST", retryable: false });
    expect(classifyPubsubError(transient, "ack")).toMatchObject({ code: "UNAVAILABLE", retryable: true });
  });

  test("passes our own errors on and calls what nobody knows INTERNAL", () => {
    const own = new QueueError("CLOSED", { what: "closed" });
    expect(classifyPubsubError(own, "send").code).toBe("CLOSED");
    for (const value of [undefined, null, 7, {}, new Error("what?")])
      expect(classifyPubsubError(value, "send")).toMatchObject({
        code: "INTERNAL",
        retryable: false,
        ambiguous: true,
      });
  });

  test("every row names its source", () => {
    const rows = [...Object.values(STATUSES), ...TEXTS];
    expect(rows.filter(({ source }) => !/\(20\d\d-\d\d-\d\d\)$/.test(source))).toEqual([]);
  });
});

describe("a stream", () => {
  test.each([1, 4, 8, 10, 13, 14])("that ended with %i is opened again", (code) => {
    expect(isPassing(grpc(code))).toBe(true);
  });

  test.each([2, 3, 5, 7, 9, 16, undefined])("that ended with %s is not", (code) => {
    expect(isPassing(grpc(code))).toBe(false);
  });
});

describe("refusedAckIds", () => {
  test("lists the ids that an exactly-once subscription refused", () => {
    const error = Object.assign(grpc(3), {
      errorInfoMetadata: { a: "PERMANENT_FAILURE_INVALID_ACK_ID", b: "TRANSIENT_FAILURE_X" },
    });
    expect(refusedAckIds(error)).toEqual(
      new Map([
        ["a", "PERMANENT_FAILURE_INVALID_ACK_ID"],
        ["b", "TRANSIENT_FAILURE_X"],
      ]),
    );
  });

  test.each([
    ["an error without details", grpc(3)],
    [
      "details of another kind",
      Object.assign(grpc(7), { errorInfoMetadata: { service: "pubsub.googleapis.com" } }),
    ],
    ["no error at all", undefined],
  ])("finds none in %s", (_, value) => {
    expect(refusedAckIds(value)).toBeUndefined();
  });
});
