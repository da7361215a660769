import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, defineQueue } from "@anyqueue/core";
import { memory } from "@anyqueue/memory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkHistory } from "../../src/history/check-history.ts";
import { HistoryRecorder } from "../../src/history/history-recorder.ts";
import { HistoryWriter } from "../../src/history/history-writer.ts";
import { leaseHash } from "../../src/history/message-hash.ts";
import { readHistory } from "../../src/history/read-history.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anyqueue-history-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("what processes wrote is read in order of time", () => {
  let now = 0;
  const time = { monotonic: () => (now += 1), wall: () => 0 };
  const [first, second] = [new HistoryWriter(folder, "a", time), new HistoryWriter(folder, "b", time)];
  first.write("fault.start", first.operation(), { fault: "F-01" });
  second.write("fault.stop", second.operation(), { fault: "F-01" });
  first.close();
  second.close();
  expect(readHistory(folder).map(({ proc, type }) => `${proc} ${type}`)).toEqual([
    "a proc.start",
    "b proc.start",
    "a fault.start",
    "b fault.stop",
  ]);
});

test("what somebody else saw is written with the time at which it happened", () => {
  let now = 1_000_000_000;
  const time = { monotonic: () => (now += 1), wall: () => 5_000 };
  const writer = new HistoryWriter(folder, "watcher", time);
  writer.write("fault.start", writer.operation(), { fault: "F-12" });
  writer.write("hand.out", writer.operation(), { lease: "abc" }, 400_000_000);
  writer.close();
  expect(readHistory(folder).map(({ type, t, w }) => [type, t, w])).toEqual([
    ["hand.out", 400_000_000, 4_400],
    ["proc.start", 1_000_000_001, 5_000],
    ["fault.start", 1_000_000_002, 5_000],
  ]);
});

test("a line that was cut off by a kill is left out, the line before it is not", () => {
  const writer = new HistoryWriter(folder, "killed");
  writer.close();
  appendFileSync(join(folder, "killed.jsonl"), '{"t":5,"w":5,"pro');
  expect(readHistory(folder).map(({ type }) => type)).toEqual(["proc.start"]);
});

test.each([
  ["no JSON\n", "killed.jsonl:1 is not JSON"],
  ["{}\n", "it has no type"],
  ['{"type":"explode"}\n', 'its type "explode" is unknown'],
  ['{"type":"deliver","t":1,"w":1,"proc":"p","op":"o"}\n', "mid of deliver must be a string"],
  ['{"type":"send.ok","t":"1","w":1,"proc":"p","op":"o"}\n', "t of send.ok must be a number"],
])("%j is refused with file, line and reason", (text, message) => {
  writeFileSync(join(folder, "killed.jsonl"), text);
  expect(() => readHistory(folder)).toThrow(message);
});

test("a folder without a history is refused", () => {
  expect(() => readHistory(folder)).toThrow("has no history");
});

test("a recorded producer and consumer give a history that passes", async () => {
  const jobs = defineQueue<{ readonly n: number }>("jobs", { retry: { attempts: 2, delay: "1ms" } });
  const writer = new HistoryWriter(folder, "both");
  const recorder = new HistoryRecorder(writer, "c-1");
  const client = createClient("memory:", [recorder.provider(memory())]);
  const consumer = client.consumer(jobs, { concurrency: 4 });
  let settled = 0;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const run = consumer.run(
    recorder.handler(({ body }, { attempt }) => {
      if (body.n % 2 === 0 && attempt === 1) throw new Error("at first it fails");
      settled += 1;
      if (settled === 10) resolve();
    }),
  );
  for (let n = 0; n < 10; n += 1) await recorder.send(client.producer(jobs), "jobs", { n });
  await done;
  recorder.closed(await consumer.close());
  await run;
  await client.close();
  writer.write("drain.end", writer.operation(), { dest: "jobs", emptyPolls: 3 });
  writer.close();

  const { verdict, counts, invariants } = checkHistory(readHistory(folder), {
    deliveryCount: "exact",
    attempts: 2,
    concurrency: 4,
  });
  expect(invariants.filter((one) => one.verdict === "fail")).toEqual([]);
  expect(verdict).toBe("pass");
  expect(counts).toEqual({
    messages: 10,
    confirmed: 10,
    acked: 10,
    deadLettered: 0,
    handovers: 15,
    runs: 15,
  });
});

test("a hand-over carries what the service calls it, hashed, where the recorder is told where to find it", async () => {
  const jobs = defineQueue<number>("jobs");
  const writer = new HistoryWriter(folder, "both");
  const recorder = new HistoryRecorder(writer, "c-1", () => "the same for all");
  const client = createClient("memory:", [recorder.provider(memory())]);
  await recorder.send(client.producer(jobs), "jobs", 1);
  const [message] = await client.consumer(jobs).receive();
  await message?.ack();
  await client.close();
  writer.close();
  const deliver = readHistory(folder).find(({ type }) => type === "deliver");
  expect(deliver).toMatchObject({ lease: leaseHash("the same for all") });
});

test("a handler of a client that is not recorded is told what is missing", async () => {
  const jobs = defineQueue<number>("jobs", { retry: { attempts: 1 } });
  const recorder = new HistoryRecorder(new HistoryWriter(folder, "half"));
  const client = createClient("memory:", [memory()], {});
  await client.producer(jobs).send(1);
  const [message] = await client.consumer(jobs).receive();
  const handler = recorder.handler(() => undefined);
  await expect(async () => await handler(message!, message!)).rejects.toThrow("went through provider()");
  await client.close();
});
