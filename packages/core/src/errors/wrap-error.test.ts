import { describe, expect, test } from "vitest";

import type { ErrorClass } from "../driver/driver.ts";
import { queueError, QueueError, unsupported } from "./queue-error.ts";
import { asAmbiguous, placeError, wrapDriverError } from "./wrap-error.ts";

const target = { name: "fake://here/orders" };

function adapter(errorClass: ErrorClass): { name: string; classify: () => ErrorClass } {
  return { name: "fake", classify: () => errorClass };
}

const lost = adapter({
  code: "CONNECTION_LOST",
  retryable: true,
  ambiguous: true,
  retryAfterMs: 5,
  providerCode: "ECONNRESET",
  requestId: "r-1",
});

describe("wrapDriverError", () => {
  test.each([
    [86_400_000, 300_000],
    [Number.POSITIVE_INFINITY, 300_000],
    [0, 0],
    [-1, undefined],
    [Number.NaN, undefined],
  ])("takes a hint of %d ms for %d: nobody sleeps for a day, or not at all", (hintMs, waitedMs) => {
    const busy = adapter({ code: "THROTTLED", retryable: true, retryAfterMs: hintMs });
    expect(wrapDriverError(busy, target, "receive", new Error("busy")).retryAfterMs).toBe(waitedMs);
  });

  test("says what failed and where, and carries all that the class says", () => {
    const cause = new Error("socket hang up\n    at Socket");
    const error = wrapDriverError(lost, target, "send", cause);
    expect(error).toMatchObject({
      code: "CONNECTION_LOST",
      retryable: true,
      ambiguous: true,
      retryAfterMs: 5,
      providerCode: "ECONNRESET",
      requestId: "r-1",
      operation: "send",
      provider: "fake",
      target: target.name,
      cause,
    });
    expect(error.message).toBe(
      "CONNECTION_LOST: send failed: socket hang up (fake://here/orders). Check network, host name and port.",
    );
  });

  test("says of what is unsupported which operation the service refused", () => {
    const refusing = adapter({ code: "UNSUPPORTED", retryable: false });
    expect(wrapDriverError(refusing, target, "release", new Error("not here"))).toMatchObject({
      code: "UNSUPPORTED",
      feature: "release",
    });
  });

  test("says of a message that is too large how large it is, and the limit if the service told it", () => {
    const full = adapter({ code: "MESSAGE_TOO_LARGE", retryable: false, limitBytes: 1_024 });
    expect(wrapDriverError(full, target, "send", new Error("no"), 2_000)).toMatchObject({
      sizeBytes: 2_000,
      limitBytes: 1_024,
    });
    const silent = adapter({ code: "MESSAGE_TOO_LARGE", retryable: false });
    const error = wrapDriverError(silent, target, "release", new Error("no"));
    expect(error).not.toHaveProperty("sizeBytes");
    expect(error).not.toHaveProperty("limitBytes");
    expect(wrapDriverError(lost, target, "send", new Error("reset"), 2_000)).not.toHaveProperty("sizeBytes");
  });

  test("says what the adapter knows to do, where it does", () => {
    const untrusted = adapter({ code: "UNAUTHENTICATED", retryable: false, remedy: "Renew it." });
    expect(wrapDriverError(untrusted, target, "open", new Error("certificate has expired")).message).toBe(
      "UNAUTHENTICATED: open failed: certificate has expired (fake://here/orders). Renew it.",
    );
  });

  test("leaves an error of anyqueue untouched", () => {
    const own = new QueueError("UNSUPPORTED", { what: "no such side" });
    expect(wrapDriverError(lost, target, "send", own)).toBe(own);
  });

  test.each(["open", "probe", "peek"] as const)("a failed %s leaves nothing in doubt", (operation) => {
    expect(wrapDriverError(lost, target, operation, new Error("reset")).ambiguous).toBe(false);
  });

  test.each([
    ["text", "thrown text"],
    ["nothing", undefined],
    ["an empty message", new Error("")],
  ])("takes %s for an error too", (_name, thrown) => {
    expect(wrapDriverError(lost, target, "ack", thrown).message).toMatch(/^CONNECTION_LOST: ack failed \(/);
  });

  test("masks secrets and cuts long texts", () => {
    const error = wrapDriverError(lost, target, "send", new Error(`sig=abcdef ${"x".repeat(1_000)}`));
    expect(error.message).not.toContain("abcdef");
    expect(error.message.length).toBeLessThan(400);
  });

  test("masks a secret also where the text is cut in the middle of it", () => {
    const proxied = `${"x".repeat(150)} through http://user:${"s3cret".repeat(20)}@proxy:3128 failed`;
    expect(wrapDriverError(lost, target, "send", new Error(proxied)).message).not.toContain("s3cret");
  });

  test("a classify that throws hides nothing", () => {
    const broken = {
      name: "fake",
      classify: (): ErrorClass => {
        throw new Error("bug");
      },
    };
    const cause = new Error("vendor");
    expect(wrapDriverError(broken, target, "send", cause)).toMatchObject({
      code: "INTERNAL",
      ambiguous: true,
      cause,
    });
  });
});

test("asAmbiguous keeps everything but the doubt", () => {
  const error = new QueueError("ACCESS_DENIED", {
    what: "no",
    provider: "fake",
    target: "t",
    providerCode: "403",
  });
  expect(asAmbiguous(error)).toMatchObject({
    code: "ACCESS_DENIED",
    ambiguous: true,
    retryable: false,
    provider: "fake",
    target: "t",
    providerCode: "403",
    cause: error,
  });
  const already = new QueueError("TIMEOUT", { what: "late", ambiguous: true });
  expect(asAmbiguous(already)).toBe(already);
});

test("asAmbiguous keeps the details of the code", () => {
  const error = queueError("MESSAGE_TOO_LARGE", { what: "no" }, { sizeBytes: 2, limitBytes: 1 });
  expect(asAmbiguous(error)).toMatchObject({ ambiguous: true, sizeBytes: 2, limitBytes: 1 });
  expect(asAmbiguous(unsupported("delay", { what: "no" }))).toMatchObject({ feature: "delay" });
});

describe("placeError", () => {
  const place = { operation: "send", provider: "fake", target: "fake://here/orders" } as const;

  test("gives an error of the core's checks its place and keeps its sentence and remedy", () => {
    const cause = new Error("deep");
    const bare = new QueueError("INVALID_MESSAGE", { what: "the body is bad", remedy: "Mend it.", cause });
    const placed = placeError(bare, place);
    expect(placed.message).toBe("INVALID_MESSAGE: the body is bad (fake://here/orders). Mend it.");
    expect(placed).toMatchObject({ ...place, cause });
  });

  test("keeps the details of the code", () => {
    const error = queueError("MESSAGE_TOO_LARGE", { what: "no" }, { sizeBytes: 2, limitBytes: 1 });
    expect(placeError(error, place)).toMatchObject({ ...place, sizeBytes: 2, limitBytes: 1 });
    expect(placeError(unsupported("delay", { what: "no" }), place)).toMatchObject({ feature: "delay" });
  });

  test("leaves an error that has a place, and takes anything else for INTERNAL", () => {
    const placed = new QueueError("CLOSED", { what: "gone", target: "elsewhere" });
    expect(placeError(placed, place)).toBe(placed);
    expect(placeError("oops", place)).toMatchObject({ code: "INTERNAL", cause: "oops", ...place });
  });
});
