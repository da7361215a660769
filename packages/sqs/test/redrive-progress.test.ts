import type { AdminDriver, QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock, type VirtualClock } from "@anyqueue/core/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { adminOf, exact, openAdapter, present } from "./open-adapter.ts";
import { refusal, ScriptedServer } from "./scripted-server.ts";

const FROM = "arn:aws:sqs:eu-west-1:000000000000:orders-dead";
const TO = "arn:aws:sqs:eu-west-1:000000000000:orders";

let server: ScriptedServer;
let adapter: QueueAdapter;
let admin: AdminDriver;
let clock: VirtualClock;
/** The answers of ListMessageMoveTasks, one after the other; the last one stays. */
let tasks: (object | readonly object[])[];
/** Its answer before this move has begun. */
let earlier: object[];

beforeEach(async () => {
  clock = createVirtualClock();
  earlier = [];
  server = await ScriptedServer.start();
  adapter = openAdapter(server.endpoint, { clock });
  admin = await adminOf(adapter);
  server.script((call) => {
    if (call.operation === "StartMessageMoveTask") return { body: { TaskHandle: "task" } };
    if (call.operation !== "ListMessageMoveTasks") return undefined;
    if (server.count("StartMessageMoveTask") === 0) return { body: { Results: earlier } };
    return { body: { Results: [tasks.length > 1 ? tasks.shift() : tasks[0]].flat() } };
  });
});

afterEach(async () => {
  await adapter.close();
  await server.close();
});

function redrive(signal: AbortSignal): AsyncIterator<{ readonly moved: number }> {
  const moves = admin.redrive?.(exact(adapter, FROM), exact(adapter, TO), signal);
  return present(moves, "redrive")[Symbol.asyncIterator]();
}

/** Lets seconds pass until the step is over. */
async function passes(step: Promise<unknown>): Promise<void> {
  let isOver = false;
  const end = (): void => void (isOver = true);
  void step.then(end, end);
  // oxlint-disable-next-line no-await-in-loop -- one second after the other
  while (!isOver) await clock.advance(1_000);
}

const running = (moved: number): object => ({
  TaskHandle: "task",
  Status: "RUNNING",
  ApproximateNumberOfMessagesMoved: moved,
});

test("a redrive names its destination and reports progress once a second until the service is done", async () => {
  tasks = [running(10), running(400), { Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 512 }];
  const moves = redrive(new AbortController().signal);
  const seen: number[] = [];
  for (let next = await moves.next(); next.done !== true;) {
    seen.push(next.value.moved);
    const following = moves.next();
    await clock.advance(1_000);
    next = await following;
  }
  expect(seen).toEqual([10, 400, 512]);
  expect(server.inputs("StartMessageMoveTask")).toEqual([{ SourceArn: FROM, DestinationArn: TO }]);
  expect(server.count("CancelMessageMoveTask")).toBe(0);
});

test("a redrive goes on although its progress could not be read for a while", async () => {
  tasks = [running(10)];
  const moves = redrive(new AbortController().signal);
  await moves.next();
  server.answer("ListMessageMoveTasks", (nth) =>
    nth < 5
      ? refusal("InternalFailure", 500)
      : { body: { Results: [{ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 12 }] } },
  );
  const following = moves.next();
  await passes(following);
  expect(await following).toEqual({ done: false, value: { moved: 12 } });
  expect(server.count("CancelMessageMoveTask")).toBe(0);
});

test.each([
  ["InternalFailure", 500, 11],
  ["AccessDeniedException", 403, 1],
])("a redrive whose progress cannot be read ends: %s", async (shape, status, looks) => {
  tasks = [running(10)];
  const moves = redrive(new AbortController().signal);
  await moves.next();
  server.answer("ListMessageMoveTasks", () => refusal(shape, status));
  const following = moves.next();
  await passes(following);
  await expect(following).rejects.toMatchObject({ name: shape });
  expect(server.count("ListMessageMoveTasks")).toBe(2 + looks);
  expect(server.inputs("CancelMessageMoveTask")).toEqual([{ TaskHandle: "task" }]);
});

// The trap: a task that has ended has no handle any more, and a list may be older than the move.
test("a redrive does not take an earlier one for itself", async () => {
  const ended = { Status: "FAILED", FailureReason: "AccessDenied", StartedTimestamp: 1_000 };
  const own = { Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 3, StartedTimestamp: 2_000 };
  earlier = [ended];
  tasks = [ended, [own, ended]];
  const moves = redrive(new AbortController().signal);
  expect(await moves.next()).toEqual({ done: false, value: { moved: 0 } });
  const following = moves.next();
  await clock.advance(1_000);
  expect(await following).toEqual({ done: false, value: { moved: 3 } });
  expect(await moves.next()).toMatchObject({ done: true });
});

test("a redrive that is aborted is cancelled at the service", async () => {
  tasks = [running(10)];
  const controller = new AbortController();
  const moves = redrive(controller.signal);
  await moves.next();
  const next = moves.next();
  controller.abort();
  const error: unknown = await next.catch((reason: unknown) => reason);
  expect(adapter.classify(error, "admin").code).toBe("CANCELLED");
  expect(server.inputs("CancelMessageMoveTask")).toEqual([{ TaskHandle: "task" }]);
  expect(clock.pendingTimers).toBe(0);
});

test("a redrive that nobody listens to any more is cancelled at the service", async () => {
  tasks = [running(10)];
  const moves = redrive(new AbortController().signal);
  await moves.next();
  await moves.return?.();
  expect(server.count("CancelMessageMoveTask")).toBe(1);
});

test.each([
  [{ Status: "FAILED", FailureReason: "AccessDenied" }, "UNAVAILABLE", /AccessDenied/],
  [{ Status: "CANCELLED" }, "CANCELLED", /cancelled by somebody/],
] as const)("a redrive that ended as %o rejects %s", async (task, code, reason) => {
  tasks = [task];
  await expect(redrive(new AbortController().signal).next()).rejects.toMatchObject({
    code,
    message: expect.stringMatching(reason),
  });
});
