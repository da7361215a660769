import { expect, test } from "vitest";
import { parseFaultRule } from "./check-fault-rule.ts";

test.each([
  { action: { kind: "error", code: "OverLimit", status: 403, message: "full", isReceiverFault: false } },
  { action: { kind: "throttle", code: "ThrottlingException", retryAfterSeconds: 0.5 } },
  { action: { kind: "serverError", status: 503, html: true } },
  { action: { kind: "clockSkew", skewMs: -3_600_000, code: "RequestTimeTooSkewed" } },
  {
    when: "after",
    action: {
      kind: "partialBatch",
      entries: [0, 2],
      code: "InternalError",
      isSenderFault: false,
      message: "x",
    },
  },
  { action: { kind: "trickle", bytesPerPart: 1, everyMs: 0 } },
  {
    operation: "Send*",
    queue: "q",
    skip: 0,
    count: 1,
    probability: 0.5,
    match: { attempt: 1, bodyContains: "x", region: "r", wire: "json" },
    action: { kind: "delay", ms: 10 },
  },
  ...[
    "accessDenied",
    "expiredToken",
    "reset",
    "hold",
    "duplicate",
    "shuffle",
    "corruptMd5",
    "expireLease",
  ].map((kind) => ({ action: { kind } })),
])("%j is a rule", (rule) => {
  expect(parseFaultRule(rule)).toBe(rule);
});

test.each([
  [undefined, "A fault rule must be an object."],
  [[], "A fault rule must be an object."],
  [{}, 'action in fault rule must be an object such as { "kind": "reset" }, got nothing.'],
  [{ action: { kind: "explode" } }, 'Unknown kind of fault action "explode". Known: error, throttle'],
  [{ action: {} }, "Unknown kind of fault action undefined."],
  [
    { action: { kind: "reset" }, opertion: "SendMessage" },
    "Unknown member opertion in fault rule. Known: operation, protocol, queue",
  ],
  [{ action: { kind: "reset", ms: 5 } }, 'Unknown member ms in action "reset". Known: kind.'],
  [{ action: { kind: "delay" } }, 'ms in action "delay" must be a number of milliseconds >= 0, got nothing.'],
  [{ action: { kind: "delay", ms: -1 } }, "got -1."],
  [{ action: { kind: "error" } }, 'code in action "error" must be an error code, got nothing.'],
  [{ action: { kind: "error", code: "X", status: 200 } }, "a status from 400 to 599, got 200."],
  [{ action: { kind: "serverError", status: 501 } }, "500, 502, 503 or 504, got 501."],
  [{ action: { kind: "partialBatch", entries: [-1] } }, "a list of indexes from 0"],
  [{ action: { kind: "hold" }, count: 0 }, "count in fault rule must be a number of calls >= 1, got 0."],
  [{ action: { kind: "hold" }, probability: 2 }, "a number from 0 to 1, got 2."],
  [{ action: { kind: "hold" }, when: "during" }, '"before" or "after", got "during".'],
  [{ action: { kind: "hold" }, match: "all" }, 'an object or a function, got "all".'],
  [{ action: { kind: "hold" }, match: { atempt: 1 } }, "Unknown member atempt in match. Known: attempt"],
  [{ protocol: "kafka", action: { kind: "hold" } }, "one of sqs, service-bus, pubsub"],
  [{ protocol: "pubsub", action: { kind: "corruptMd5" } }, "Unknown kind of fault action"],
  [{ action: { kind: "expireLease" }, when: "after" }, 'only with when: "before"'],
])("%j is refused", (rule, message) => {
  expect(() => parseFaultRule(rule)).toThrow(message);
});
