import { join } from "node:path";
import { spawnEmulator, type EntitySnapshot, type SpawnedEmulator } from "@anyqueue/emulator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Program } from "./run-program.ts";

const APP = join(import.meta.dirname, "../functions/settling-app.mjs");
/** One for all tests: each leaves its queues empty or is the only one to use its queue. */
let emulator: SpawnedEmulator;

beforeAll(async () => {
  const Queues = ["orders", "archive", "sessions"].map((Name) => ({
    Name,
    Properties: { MaxDeliveryCount: 4, RequiresSession: Name === "sessions" },
  }));
  emulator = await spawnEmulator({
    serviceBusPort: 0,
    serviceBusConfig: { UserConfig: { Namespaces: [{ Queues }] } },
  });
});

afterAll(async () => await emulator.close());

interface Order {
  readonly number: number;
  readonly fate?: "throws" | "abandons" | "dead" | "defers" | "leaves";
}

async function sendAll(queue: string, orders: readonly Order[], ...flags: readonly string[]): Promise<void> {
  await using program = new Program(
    ["send", queue, "--lines", "--url", "service-bus:", ...flags],
    emulator.environment,
  );
  program.child.stdin.end(orders.map((order) => JSON.stringify(order)).join("\n"));
  const { code, errors } = await program.ended;
  if (code !== 0) throw new Error(errors);
}

const invoking = (queue: string, ...flags: readonly string[]): Program => {
  const args = ["invoke", APP, "--runtime", "azure-functions", "--queue", queue, "--url", "service-bus:"];
  return new Program([...args, "--once", "--json", ...flags], emulator.environment);
};

async function entity(name: string): Promise<EntitySnapshot | undefined> {
  return (await emulator.control.serviceBus.entities()).find((each) => each.path === name);
}

const reportsOf = (lines: readonly string[]): readonly Record<string, unknown>[] =>
  lines.map((line): Record<string, unknown> => JSON.parse(line));

describe("a function that settles its messages itself", () => {
  test("completes, abandons, dead-letters and defers them one by one", async () => {
    await sendAll("orders", [
      { number: 1 },
      { number: 2, fate: "abandons" },
      { number: 3, fate: "dead" },
      { number: 4, fate: "defers" },
      { number: 5, fate: "throws" },
    ]);
    await using program = invoking("orders");
    const { code, lines, errors } = await program.ended;
    const reports = reportsOf(lines);
    expect(reports.filter(({ outcome }) => outcome === "ok")).toHaveLength(5);
    expect(reports.filter(({ outcome }) => outcome === "error")).toHaveLength(3);
    expect(errors).toMatch(/settles 5 \S+ session undefined delivery 3/);
    expect(errors).toContain("It settles them by itself, and Service Bus counts.");
    expect(code).toBe(1);
    const left = await entity("orders");
    expect(left?.messages).toMatchObject([{ state: "deferred" }]);
    expect(left?.deadLetters).toMatchObject([
      { applicationProperties: { DeadLetterReason: "bad", DeadLetterErrorDescription: "very" } },
    ]);
  });

  test("of cardinality many settles each of a batch, and what it leaves alone stays locked", async () => {
    await sendAll("archive", [{ number: 1 }, { number: 2, fate: "leaves" }, { number: 3 }]);
    await using program = invoking("archive");
    const { lines } = await program.ended;
    const reports = reportsOf(lines);
    expect(reports.flatMap(({ messageIds }) => messageIds)).toHaveLength(3);
    expect(reports.flatMap(({ failedIds }) => failedIds)).toHaveLength(1);
    expect((await entity("archive"))?.messages).toMatchObject([{ state: "locked" }]);
  });

  test("has the session's messages and the session itself", async () => {
    await sendAll("sessions", [{ number: 1 }, { number: 2 }], "--key", "a");
    await sendAll("sessions", [{ number: 3 }], "--key", "b");
    await using program = invoking("sessions", "--max-concurrency", "2");
    const { code, errors } = await program.ended;
    expect(errors).toMatch(/session a has \d/);
    expect(errors.indexOf("settles 1 ")).toBeLessThan(errors.indexOf("settles 2 "));
    expect(errors).toMatch(/settles 3 \S+ session b/);
    expect(code).toBe(0);
    expect((await entity("sessions"))?.messages).toEqual([]);
  });
});
