import { expect, test } from "vitest";

import { FAKE_CAPABILITIES } from "../../test/fake-adapter.ts";
import type { Capabilities, Feature } from "../driver/capabilities.ts";
import { QueueError } from "../errors/queue-error.ts";
import { sendTiming, type TimingContext } from "./send-timing.ts";

const NOW = 1_000_000;

function context(capabilities: Partial<Capabilities>, ...emulate: Feature[]): TimingContext {
  return {
    capabilities: { ...FAKE_CAPABILITIES, ...capabilities },
    emulate,
    wallNowMs: NOW,
    place: { operation: "send", provider: "fake", target: "fake://here/orders" },
    refuse: (field, problem) => new QueueError("INVALID_ARGUMENT", { what: `${field}: ${problem}` }),
  };
}

const none = context({});
const upTo15Min = context({ sendDelay: { maxMs: 900_000 } });
const emulated = context({}, "delay", "ttl");
const extended = context({ sendDelay: { maxMs: 900_000 } }, "delay");
const nativeTtl = context({ ttl: true, sendDelay: { maxMs: 900_000 } });

test.each([
  ["a native delay", "30s", undefined, upTo15Min, { deliverAtMs: NOW + 30_000 }],
  ["the longest native delay", "15m", undefined, upTo15Min, { deliverAtMs: NOW + 900_000 }],
  ["a native date", new Date(NOW + 5), undefined, upTo15Min, { deliverAtMs: NOW + 5 }],
  ["zero", "0s", undefined, none, {}],
  ["a negative delay", "-5s", undefined, none, {}],
  ["a date in the past", new Date(NOW - 1), undefined, none, {}],
  [
    "an emulated delay",
    "30s",
    undefined,
    emulated,
    { attributes: { "aq-due": "1030000" }, emulated: ["delay"] },
  ],
  [
    "a delay beyond the native one, emulated for the rest",
    "1h",
    undefined,
    extended,
    { deliverAtMs: NOW + 900_000, attributes: { "aq-due": String(NOW + 3_600_000) }, emulated: ["delay"] },
  ],
  ["a native delay where longer ones are emulated", "1m", undefined, extended, { deliverAtMs: NOW + 60_000 }],
])("%s", (_name, delay, ttl, given, expected) => {
  expect(sendTiming(delay, ttl, given)).toEqual(expected);
});

test("a ttl is native where the provider has it", () => {
  expect(sendTiming(undefined, "5s", nativeTtl)).toMatchObject({ ttlMs: 5_000 });
  expect(sendTiming("10s", "5s", nativeTtl)).toMatchObject({ ttlMs: 5_000, deliverAtMs: NOW + 10_000 });
});

test("an emulated ttl is a moment, counted from the delivery of a delayed message", () => {
  expect(sendTiming(undefined, "5s", emulated)).toMatchObject({
    attributes: { "aq-exp": String(NOW + 5_000) },
    emulated: ["ttl"],
  });
  expect(sendTiming("10s", "5s", emulated)).toMatchObject({
    attributes: { "aq-due": String(NOW + 10_000), "aq-exp": String(NOW + 15_000) },
    emulated: ["delay", "ttl"],
  });
});

test.each([
  ["a delay where there is none", "30s", undefined, none, "UNSUPPORTED", "cannot delay"],
  [
    "a delay longer than the longest",
    "16m",
    undefined,
    upTo15Min,
    "UNSUPPORTED",
    "at most 900000 ms, got 960000 ms",
  ],
  ["a ttl where there is none", undefined, "5s", none, "UNSUPPORTED", "expire"],
  ["a ttl of zero", undefined, "0s", nativeTtl, "INVALID_ARGUMENT", "ttl: expected more than zero"],
  ["a number", 30, undefined, upTo15Min, "INVALID_ARGUMENT", "delay: expected a duration, got number"],
  ["null", null, undefined, upTo15Min, "INVALID_ARGUMENT", "delay"],
  ["a duration without a unit", "30", undefined, upTo15Min, "INVALID_ARGUMENT", "delay"],
  [
    "an invalid date",
    new Date(Number.NaN),
    undefined,
    upTo15Min,
    "INVALID_ARGUMENT",
    "delay: the date is invalid",
  ],
])("refuses %s", (_name, delay, ttl, given, code, what) => {
  expect(() => sendTiming(delay, ttl, given)).toThrow(expect.objectContaining({ code }));
  expect(() => sendTiming(delay, ttl, given)).toThrow(what);
});

test("UNSUPPORTED names the feature and the way out", () => {
  expect(() => sendTiming("30s", undefined, none)).toThrow(
    expect.objectContaining({
      feature: "delay",
      remedy: expect.stringContaining('emulate: ["delay"]'),
      provider: "fake",
    }),
  );
});
