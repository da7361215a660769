import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HistoryWriter } from "@anyqueue/conformance";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HistoryTail } from "./history-tail.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anyqueue-tail-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function send(writer: HistoryWriter, mid: string): void {
  const op = writer.operation();
  writer.write("send.invoke", op, { mid, dest: "chaos", hash: "h" });
  writer.write("send.ok", op, {});
}

test("nobody waits for what is gone with its queue, and everybody for what was sent after", () => {
  const [producer, watcher] = [new HistoryWriter(folder, "producer"), new HistoryWriter(folder, "watcher")];
  const tail = new HistoryTail(folder, 1_000);
  send(producer, "before");
  expect(tail.read().open).toBe(1);
  watcher.write("queue.deleted", watcher.operation(), { dest: "chaos" });
  expect(tail.read().open).toBe(0);
  send(producer, "after");
  expect(tail.read().open).toBe(1);
  send(producer, "before");
  expect(tail.read().open).toBe(2);
  expect(tail.confirmed).toBe(2);
});
