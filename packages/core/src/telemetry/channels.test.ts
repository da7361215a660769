import { channel } from "node:diagnostics_channel";
import { expect, onTestFinished, test } from "vitest";
import { createEventSink } from "./channels.ts";
import type { EventListener, QueueEvents } from "./events.ts";

const notice: QueueEvents["notice"] = { target: "memory://q", text: "look" };

function subscribe(name: string): unknown[] {
  const seen: unknown[] = [];
  const subscriber = (event: unknown): void => {
    seen.push(event);
  };
  channel(name).subscribe(subscriber);
  onTestFinished(() => {
    channel(name).unsubscribe(subscriber);
  });
  return seen;
}

test("an event goes to its diagnostics channel and to every listener that wants it", () => {
  const published = subscribe("anyqueue:notice");
  const heard: unknown[] = [];
  const sink = createEventSink([
    { notice: (event) => heard.push(event) },
    {},
    { expired: () => heard.push("no") },
  ]);
  sink.emit("notice", notice);
  expect(published).toEqual([notice]);
  expect(heard).toEqual([notice]);
});

test("an event is active only if somebody listens, also if he comes later", () => {
  const sink = createEventSink([{ notice: () => {} }]);
  expect(sink.isActive("notice")).toBe(true);
  expect(sink.isActive("receive")).toBe(false);
  subscribe("anyqueue:receive");
  expect(sink.isActive("receive")).toBe(true);
});

test("a listener that throws is contained and reported to the others", () => {
  const errors = subscribe("anyqueue:listener-error");
  const heard: unknown[] = [];
  const boom = new Error("boom");
  const bad: EventListener = {
    notice: () => {
      throw boom;
    },
  };
  const good: EventListener = {
    notice: () => heard.push("notice"),
    "listener-error": (event) => heard.push(event),
  };
  createEventSink([bad, good]).emit("notice", notice);
  expect(heard).toEqual([{ event: "notice", error: boom }, "notice"]);
  expect(errors).toEqual([{ event: "notice", error: boom }]);
});

test("a listener whose promise rejects is contained and reported like one that throws", async () => {
  const heard: unknown[] = [];
  const boom = new Error("boom");
  // For the types, this listener returns nothing. An unhandled rejection would fail the run.
  /* oxlint-disable typescript/no-misused-promises -- the case in question */
  const bad: EventListener = {
    notice: async () => await Promise.reject(boom),
    "listener-error": async () => await Promise.reject(new Error("second")),
  };
  /* oxlint-enable typescript/no-misused-promises */
  createEventSink([bad, { "listener-error": (event) => heard.push(event) }]).emit("notice", notice);
  await Promise.resolve();
  await Promise.resolve();
  expect(heard).toEqual([{ event: "notice", error: boom }]);
});

test("a listener for listener errors that throws itself does not recurse", () => {
  let calls = 0;
  const bad: EventListener = {
    notice: () => {
      throw new Error("first");
    },
    "listener-error": () => {
      calls += 1;
      throw new Error("second");
    },
  };
  const heard: unknown[] = [];
  const sink = createEventSink([bad, { "listener-error": ({ event }) => heard.push(event) }]);
  sink.emit("notice", notice);
  expect(calls).toBe(1);
  expect(heard).toEqual(["notice"]);
  sink.emit("listener-error", { event: "x", error: 0 });
  expect(calls).toBe(2);
  expect(heard).toContain("x");
});
