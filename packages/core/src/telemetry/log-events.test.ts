import { expect, test } from "vitest";
import { resolveOptions } from "../client/client-options.ts";
import { queueError } from "../errors/queue-error.ts";
import type { Logger } from "../queue-consumer.ts";
import type { QueueEvents } from "./events.ts";

function recordingLogger(lines: string[]): Logger {
  const level =
    (name: string) =>
    (fields: object, text: string): void => {
      lines.push(`${name} ${text} ${Object.keys(fields).join(",")}`);
    };
  return { info: level("info"), warn: level("warn"), error: level("error") };
}

const target = "memory:orders";
const failed = { target, id: "o-1", attempt: 1, outcome: "release" as const, durationMs: 1, error: "down" };
const broken = queueError("UNAVAILABLE", { what: "down" });

test("a logger is told what goes wrong, and nothing of what goes well", () => {
  const lines: string[] = [];
  const { events } = resolveOptions({ logger: recordingLogger(lines) });
  events.emit("send", { target, count: 1, failed: 0, durationMs: 1 });
  events.emit("receive", { target, count: 1, durationMs: 1 });
  events.emit("handled", { ...failed, outcome: "ack", error: undefined });
  expect(lines).toEqual([]);

  events.emit("handled", failed);
  events.emit("receive-error", { target, error: broken, failures: 1, delayMs: 100 });
  events.emit("dead-lettered", { target, id: "o-1", reason: "ATTEMPTS_SPENT", attempt: 5 });
  events.emit("notice", { target, text: "its settings could not be read" });
  events.emit("state", { target, state: "draining" });
  expect(lines).toEqual([
    "warn a handler failed target,id,attempt,outcome,durationMs,error",
    "warn receiving failed and is tried again target,error,failures,delayMs",
    "warn a message went to the dead letters target,id,reason,attempt",
    "warn its settings could not be read target,text",
    "info the consumer is draining target,state",
  ]);
});

test("nothing is built for an event that is no line, nor for any without a logger", () => {
  const { events } = resolveOptions({ logger: recordingLogger([]) });
  expect(events.isActive("send")).toBe(false);
  expect(events.isActive("handled")).toBe(false); // for failures, the event is built all the same
  expect(resolveOptions({}).events.isActive("handled")).toBe(false);
});

test("a listener beside a logger hears of every handler, the logger of those that failed", () => {
  const heard: string[] = [];
  const lines: string[] = [];
  const listener = { handled: ({ outcome }: QueueEvents["handled"]) => heard.push(outcome) };
  const { events } = resolveOptions({ logger: recordingLogger(lines), listener });
  expect(events.isActive("handled")).toBe(true);
  for (const outcome of ["ack", "release", "dead-letter"] as const)
    events.emit("handled", { ...failed, outcome });
  expect(heard).toEqual(["ack", "release", "dead-letter"]);
  expect(lines).toEqual(Array(2).fill("warn a handler failed target,id,attempt,outcome,durationMs,error"));
});

test("a logger that throws is contained, and listeners hear of it", () => {
  const heard: unknown[] = [];
  const { events } = resolveOptions({
    logger: {
      info: () => {},
      warn: () => {
        throw new Error("disk full");
      },
      error: () => {},
    },
    listener: { "listener-error": ({ event }) => heard.push(event) },
  });
  events.emit("handled", failed);
  expect(heard).toEqual(["handled"]);
});

test("so is a logger that rejects, for every line", async () => {
  const heard: unknown[] = [];
  const late = (): void => Promise.reject(new Error("disk full")) as unknown as void;
  const { events } = resolveOptions({
    logger: { info: late, warn: late, error: late },
    listener: { "listener-error": ({ event }) => heard.push(event) },
  });
  events.emit("handled", failed);
  events.emit("notice", { target, text: "look" });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(heard).toEqual(["handled", "notice"]);
});
