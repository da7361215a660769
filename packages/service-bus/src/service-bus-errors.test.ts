import type { Operation } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import {
  classifyServiceBusError,
  isIdleDetach,
  isNoSession,
  SERVICE_ERRORS,
  SOCKET_ERRORS,
  TEXT_ERRORS,
} from "./service-bus-errors.ts";

function serviceBusError(code: string, message = "it failed", more: object = {}): Error {
  return Object.assign(new Error(message), { name: "ServiceBusError", code, retryable: true, ...more });
}

function codeOf(error: unknown, during: Operation = "send"): string {
  return classifyServiceBusError(error, during).code;
}

describe("the table", () => {
  test("names a source in every row, and each name once", () => {
    const names = [...SERVICE_ERRORS, ...SOCKET_ERRORS].flatMap((row) => row.names.split(" "));
    expect(new Set(names).size).toBe(names.length);
    for (const { source } of [...SERVICE_ERRORS, ...SOCKET_ERRORS, ...TEXT_ERRORS]) {
      expect(source).toMatch(/\(\d{4}-\d\d-\d\d\)$/);
    }
  });

  test.each(SERVICE_ERRORS.flatMap((row) => row.names.split(" ").map((name) => [name, row.code] as const)))(
    "reads %s as %s",
    (name, code) => {
      expect(codeOf(serviceBusError(name))).toBe(code);
    },
  );

  test.each(SERVICE_ERRORS.flatMap((row) => row.names.split(" ").map((name) => [name, row.code] as const)))(
    "reads GeneralError with the text %s: … as %s",
    (name, code) => {
      expect(codeOf(serviceBusError("GeneralError", `${name}: it failed`))).toBe(code);
    },
  );

  test.each([
    ["The received message (delivery-id:0, size:300000 bytes) exceeds the limit (262144 bytes)", 262_144],
    [
      "The header of the received message (70000 bytes of properties) exceeds the limit (65536 bytes)",
      undefined,
    ],
    ["it failed", undefined],
  ])("reads the limit of a message in %j", (text, limitBytes) => {
    const error = serviceBusError("MessageSizeExceeded", text);
    expect(classifyServiceBusError(error, "send")).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    expect(classifyServiceBusError(error, "send").limitBytes).toBe(limitBytes);
  });

  test.each(SOCKET_ERRORS.flatMap((row) => row.names.split(" ").map((name) => [name, row.code] as const)))(
    "reads %s of a socket as %s",
    (name, code) => {
      expect(codeOf(Object.assign(new Error("no luck"), { code: name }))).toBe(code);
      const hidden = serviceBusError("GeneralError", `${name}: connect ${name} 127.0.0.1:5672`);
      expect(codeOf(hidden)).toBe(code);
    },
  );
});

describe("errors of the SDK", () => {
  test("are unwrapped: after two attempts the SDK throws an AggregateError without text or code", () => {
    const error = new AggregateError([serviceBusError("ServiceTimeout"), serviceBusError("MessageLockLost")]);
    expect(error.message).toBe("");
    expect(codeOf(error, "ack")).toBe("LEASE_LOST");
  });

  test("are unwrapped through both addresses of localhost", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED ::1:5672"), { code: "ECONNREFUSED" });
    expect(codeOf(new AggregateError([new AggregateError([refused, refused])]))).toBe("CONNECTION_LOST");
  });

  test.each([
    ["The messaging entity 'sb://ns/orders' could not be found.", "NOT_FOUND"],
    ["InvalidSignature: The token has an invalid signature. status-code: 401", "UNAUTHENTICATED"],
    ["ExpiredToken: The token is expired.", "UNAUTHENTICATED"],
    ["Unauthorized access. 'Listen' claim(s) are required to perform this operation.", "ACCESS_DENIED"],
  ])("say it by their text: %s", (text, code) => {
    expect(codeOf(serviceBusError("UnauthorizedAccess", text))).toBe(code);
  });

  test.each([
    "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.",
    "A sessionful message receiver cannot be created on an entity that does not require sessions.",
  ])("about the wrong kind of entity are the caller's: %s", (text) => {
    expect(codeOf(serviceBusError("GeneralError", `InvalidOperationError: ${text}`), "receive")).toBe(
      "INVALID_ARGUMENT",
    );
  });

  test.each([
    ['The receiver for "orders" has been closed and can no longer be used. Please create', "LEASE_LOST"],
    ['The receiver for session "a" in "orders" has been closed and can no longer be used.', "LEASE_LOST"],
    ['The sender for "orders" has been closed and can no longer be used. Please create', "CONNECTION_LOST"],
  ])("about what was closed: %s", (text, code) => {
    expect(codeOf(new Error(text), "ack")).toBe(code);
  });

  test.each([
    ["Node's own of 22", new TypeError("Received network error or non-101 status code.")],
    ["Node's own of 24", new TypeError()],
    ["the package ws", new Error("Unexpected server response: 502")],
  ])("of a WebSocket that does not open are a lost connection: %s", (_from, error) => {
    expect(classifyServiceBusError(error, "open")).toMatchObject({
      code: "CONNECTION_LOST",
      retryable: true,
      ambiguous: false,
    });
  });

  test("about a wrong value stay the caller's", () => {
    expect(codeOf(new TypeError("The value is of the wrong type."))).toBe("INVALID_ARGUMENT");
  });

  test("carry how long a busy namespace asks to wait, and the tracking id", () => {
    const text =
      "The request was terminated because the namespace shop is being throttled. Error code : 50009. Please wait 4 seconds and try again. TrackingId:7d1c2e-G11, SystemTracker:shop";
    expect(classifyServiceBusError(serviceBusError("ServiceBusy", text), "send")).toMatchObject({
      code: "THROTTLED",
      retryable: true,
      retryAfterMs: 4_000,
      requestId: "7d1c2e-G11",
      providerCode: "ServiceBusy",
    });
  });

  test.each([
    ["certificate has expired", "CERT_HAS_EXPIRED", /renewed/],
    ["self-signed certificate in certificate chain", "SELF_SIGNED_CERT_IN_CHAIN", /NODE_EXTRA_CA_CERTS/],
    [
      "40CD:error:0A000410:SSL routines:ssl3_read_bytes:ssl/tls alert handshake failure:../deps/openssl/r.c:918",
      "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
      /client certificate/,
    ],
    [
      "401D:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/openssl/r.c:918",
      "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
      /client certificate/,
    ],
  ])("about a certificate are no matter of waiting: %s", (text, code, remedy) => {
    const error = Object.assign(new Error(text), { code });
    expect(classifyServiceBusError(error, "send")).toEqual({
      code: "UNAUTHENTICATED",
      retryable: false,
      ambiguous: false,
      providerCode: code,
      remedy: expect.stringMatching(remedy),
    });
  });

  test("about another version of TLS are known, too", () => {
    const text =
      "40CD:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:../deps/r.c:918";
    const error = Object.assign(new Error(text), { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
    expect(codeOf(error, "open")).toBe("CONNECTION_LOST");
  });

  test("of a disabled entity are not retried: an operator has to act", () => {
    expect(classifyServiceBusError(serviceBusError("MessagingEntityDisabled"), "send")).toMatchObject({
      code: "UNAVAILABLE",
      retryable: false,
    });
  });

  test.each(["CredentialUnavailableError", "AuthenticationError", "AggregateAuthenticationError"])(
    "of @azure/identity (%s) mean that there are no credentials",
    (name) => {
      const error = Object.assign(new Error("no token"), { name, errors: [new Error("a"), new Error("b")] });
      expect(codeOf(error, "open")).toBe("UNAUTHENTICATED");
    },
  );

  test("an answer that did not come may have taken effect; a refused connection may not", () => {
    expect(classifyServiceBusError(serviceBusError("ServiceTimeout"), "send").ambiguous).toBe(true);
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    expect(classifyServiceBusError(refused, "send").ambiguous).toBe(false);
  });

  test.each([
    [401, "UNAUTHENTICATED"],
    [403, "ACCESS_DENIED"],
    [404, "NOT_FOUND"],
    [409, "ALREADY_EXISTS"],
    [429, "THROTTLED"],
    [400, "INVALID_ARGUMENT"],
    [503, "UNAVAILABLE"],
  ])("of the administration with status %i are %s", (statusCode, code) => {
    expect(codeOf(Object.assign(new Error("no"), { name: "RestError", statusCode }), "admin")).toBe(code);
  });

  test("that are in no table are INTERNAL", () => {
    expect(codeOf(new Error("something new"))).toBe("INTERNAL");
    expect(codeOf("a string")).toBe("INTERNAL");
  });
});

test.each(["SessionCannotBeLocked", "ServiceTimeout", "OperationTimeoutError"])(
  "an accept that ends with %s found no session",
  (code) => {
    expect(isNoSession(serviceBusError(code))).toBe(true);
    expect(isNoSession(serviceBusError("UnauthorizedAccess"))).toBe(false);
  },
);

test("an idle timeout is told from other detaches", () => {
  const text = "The link 'G2:1' is force detached by the broker due to errors. Idle timeout: 00:10:00.";
  expect(isIdleDetach(serviceBusError("GeneralError", `DetachForcedError: ${text}`))).toBe(true);
  expect(isIdleDetach(serviceBusError("GeneralError", "DetachForcedError: the broker restarts"))).toBe(false);
});

test.each([
  "InvalidOperationError: The SessionId was not set on a message, and it cannot be sent to the entity.",
  "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.",
])("an entity with sessions that is used without them has a remedy of its own: %s", (text) => {
  const { code, remedy } = classifyServiceBusError(new Error(text), "send");
  expect(code).toBe("INVALID_ARGUMENT");
  expect(remedy).toContain("sessionEntities");
});
