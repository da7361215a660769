import { checkHistory, HistoryWriter, readHistory } from "@anyqueue/conformance";
import { createClient } from "@anyqueue/core";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chaosQueue } from "./chaos-queue.ts";
import { stageOf } from "./providers.ts";
import { readLeftovers, type Depths } from "./read-leftovers.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anyqueue-leftovers-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function drain(depths?: Depths): Promise<readonly string[]> {
  const stage = stageOf("memory");
  const definition = chaosQueue(stage);
  const client = createClient(stage.url(""), [stage.provider()]);
  const watcher = new HistoryWriter(folder, "watcher");
  const expireLeases = async (): Promise<void> => {};
  const asked = depths === undefined ? {} : { depths: async () => await Promise.resolve(depths) };
  await readLeftovers({ client, definition, watcher, expireLeases, maxAsks: 4, ...asked });
  await client.close();
  watcher.close();
  const events = readHistory(folder);
  const ends = events.flatMap((event) =>
    event.type === "drain.end" ? [`${event.dest}: ${event.emptyPolls} of ${event.depth ?? "?"}`] : [],
  );
  return [checkHistory(events).verdict, ...ends];
}

test("what is empty is proved to be", async () => {
  expect(await drain()).toEqual(["pass", "dead letters of chaos: 3 of ?", "chaos: 3 of ?"]);
});

test("a queue that the service says is not empty when nobody asks it any more leaves the run unknown", async () => {
  const ends = ["dead letters of chaos: 3 of 0", "chaos: 0 of 2"];
  expect(await drain({ queue: 2, dead: 0 })).toEqual(["unknown", ...ends]);
});

test("so do dead letters that were not read to their end", async () => {
  const ends = ["dead letters of chaos: 0 of 1", "chaos: 3 of 0"];
  expect(await drain({ queue: 0, dead: 1 })).toEqual(["unknown", ...ends]);
});
