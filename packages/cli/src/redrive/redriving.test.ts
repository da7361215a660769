import { defineQueue, QueueError, type QueueClient } from "@anyqueue/core";
import { afterEach, expect, test, vi } from "vitest";
import { RecordingTerminal } from "../../test/recording-terminal.ts";
import type { RedrivePlan } from "./read-redrive-plan.ts";
import { Redriving } from "./redriving.ts";

const orders = defineQueue("orders");
const PLAN: RedrivePlan = {
  queue: "orders",
  subscription: undefined,
  url: undefined,
  isOrdered: false,
  max: undefined,
  isDryRun: false,
  isJson: true,
};

afterEach(() => {
  vi.useRealTimers();
});

type Redrive = QueueClient["admin"]["redrive"];

/** A client with this redrive. */
function clientOf(redrive: (signal: AbortSignal | undefined) => AsyncGenerator<{ readonly moved: number }>) {
  const admin = { redrive: ((_, options) => redrive(options?.signal)) satisfies Redrive };
  return { admin } as unknown as QueueClient;
}

async function* hanging(signal: AbortSignal | undefined): AsyncGenerator<{ readonly moved: number }> {
  yield { moved: 10 };
  await new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(new QueueError("CANCELLED", { what: "given up" })));
  });
}

test("a request that hangs is cut off ten seconds after Ctrl+C, and said to be unsure", async () => {
  vi.useFakeTimers();
  const terminal = new RecordingTerminal();
  const redriving = new Redriving(PLAN, terminal);
  const ended = redriving.run(clientOf(hanging), orders);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(terminal.warned).toEqual(["10 moved so far"]);

  redriving.stop();
  await vi.advanceTimersByTimeAsync(9_999);
  expect(terminal.printed).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);

  expect(await ended).toBe(1);
  expect(terminal.printed).toEqual(['{"ok":false,"moved":10}']);
  expect(terminal.warned.at(-1)).toBe(
    "Stopped before the end: what is left stays among the dead letters, and what was under way may be in both places.",
  );
});

test("a failure is thrown on, and reported with what was moved before", async () => {
  const terminal = new RecordingTerminal();
  const failure = new QueueError("ACCESS_DENIED", { what: "sends are not allowed" });
  const failing = async function* (): AsyncGenerator<{ readonly moved: number }> {
    yield { moved: 3 };
    await Promise.reject(failure);
  };

  await expect(new Redriving(PLAN, terminal).run(clientOf(failing), orders)).rejects.toBe(failure);
  expect(JSON.parse(terminal.printed.join())).toMatchObject({
    ok: false,
    moved: 3,
    error: { code: "ACCESS_DENIED" },
  });
  expect(terminal.warned).toEqual(["Stopped before the end: what is left stays among the dead letters."]);
});
