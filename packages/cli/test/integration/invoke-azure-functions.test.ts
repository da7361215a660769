import { join } from "node:path";
import { spawnEmulator, type EntitySnapshot, type SpawnedEmulator } from "@anyqueue/emulator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Program } from "./run-program.ts";

const FUNCTIONS = join(import.meta.dirname, "../functions");
/** One for all tests: each leaves its queues empty or is the only one to use its queue. */
let emulator: SpawnedEmulator;

beforeAll(async () => {
  const Queues = ["orders", "archive", "settles"].map((Name) => ({
    Name,
    Properties: { MaxDeliveryCount: 4 },
  }));
  const Topics = [{ Name: "placed", Subscriptions: [{ Name: "billing" }, { Name: "shipping" }] }];
  emulator = await spawnEmulator({
    serviceBusPort: 0,
    serviceBusConfig: { UserConfig: { Namespaces: [{ Queues, Topics }] } },
  });
});

afterAll(async () => await emulator.close());

const invoking = (file: string, queue: string, ...args: readonly string[]): Program =>
  new Program(
    [
      "invoke",
      join(FUNCTIONS, file),
      "--runtime",
      "azure-functions",
      "--queue",
      queue,
      "--url",
      "service-bus:",
      ...args,
    ],
    emulator.environment,
  );

async function sendAll(queue: string, bodies: readonly object[]): Promise<void> {
  await using program = new Program(
    ["send", queue, "--lines", "--url", "service-bus:", "--attribute", "tenant=a"],
    emulator.environment,
  );
  program.child.stdin.end(bodies.map((body) => JSON.stringify(body)).join("\n"));
  const { code, errors } = await program.ended;
  if (code !== 0) throw new Error(errors);
}

async function entity(name: string): Promise<EntitySnapshot | undefined> {
  return (await emulator.control.serviceBus.entities()).find((each) => each.path === name);
}

const outcomesOf = (lines: readonly string[]): readonly string[] =>
  lines.map((line): string => String(JSON.parse(line).outcome));

describe("a Service Bus function", () => {
  test("completes what it returned from, abandons what it threw at, and sees the host's metadata", async () => {
    await sendAll("orders", [{ number: 1 }, { number: 2, fate: "fails-twice" }]);
    await using program = invoking("functions-app.mjs", "orders", "--once", "--json");
    const { code, lines, errors } = await program.ended;
    expect(outcomesOf(lines).toSorted((a, b) => a.localeCompare(b))).toEqual(["error", "error", "ok", "ok"]);
    expect(lines.join()).toContain('"error":"TypeError: the database"');
    expect(errors).toMatch(/charged 1 \S+ delivery 1 of a false/);
    expect(errors).toMatch(/charged 2 \S+ delivery 3 of a false/);
    expect(errors).toContain("4 invocations: 2 handled, 2 failed");
    // The function decides the number of attempts, not the command's own consumer.
    expect(errors).toContain("note: the service dead-letters after");
    expect(code).toBe(1);
    expect(await entity("orders")).toMatchObject({ messages: [], deadLetters: [] });
  });

  test("of cardinality many gets a batch, and settles it as a whole", async () => {
    await sendAll("archive", [{ number: 12 }, { number: 13 }]);
    await using program = invoking("functions-app.mjs", "archive", "--once", "--json");
    const { lines, errors } = await program.ended;
    // The service decides how many of them come at once.
    const reports = lines.map((line): Record<string, readonly unknown[]> => JSON.parse(line));
    const failures = reports.filter(({ failedIds }) => failedIds?.length !== 0);
    expect(failures.length).toBeGreaterThan(0);
    for (const { messageIds, failedIds } of failures) expect(failedIds).toEqual(messageIds);
    expect(outcomesOf(lines).at(-1)).toBe("ok");
    expect(errors).toMatch(/archive (\d) \1/);
    expect(await entity("archive")).toMatchObject({ messages: [], deadLetters: [] });
  });

  test("may be behind one subscription of a topic", async () => {
    await sendAll("placed", [{ number: 7 }]);
    await using program = invoking("functions-app.mjs", "placed", "--subscription", "billing", "--once");
    const { code, lines, errors } = await program.ended;
    expect({ code, lines }).toEqual({ code: 0, lines: [expect.stringMatching(/^ok .* bill$/)] });
    expect(errors).toContain("billed 7");
    expect(await entity("placed/Subscriptions/billing")).toMatchObject({ messages: [] });
    expect(await entity("placed/Subscriptions/shipping")).toMatchObject({ messages: [{}] });
  });

  test("that ends its process or never returns gives its message back, and the app is started again", async () => {
    await sendAll("orders", [{ number: 1, fate: "exits" }]);
    await using exiting = invoking("functions-app.mjs", "orders", "--once", "--json");
    expect(outcomesOf((await exiting.ended).lines)).toEqual(["crash", "ok"]);
    await sendAll("orders", [{ number: 2, fate: "hangs" }]);
    await using hanging = invoking("functions-app.mjs", "orders", "--once", "--json", "--timeout", "4s");
    expect(outcomesOf((await hanging.ended).lines)).toEqual(["timeout", "ok"]);
  });

  test("ends cleanly on Ctrl+C", async () => {
    await using program = invoking("functions-app.mjs", "orders");
    await program.untilError("Ctrl+C ends it.");
    await sendAll("orders", [{ number: 1 }]);
    await program.untilLines(1);
    program.child.kill("SIGINT");
    expect(await program.ended).toMatchObject({ code: 0, lines: [expect.stringMatching(/^ok .* charge$/)] });
  });
});

describe("a mistake is named before any message is taken", () => {
  test.each([
    [
      "functions-app.mjs",
      "orders",
      ["--function", "nothing"],
      /NO_SUCH_FUNCTION: .* registered: charge, archive, bill/,
    ],
    ["functions-app.mjs", "other", [], /NO_SUCH_FUNCTION: .* has several: charge, archive, bill, settles/],
    [
      "functions-app.mjs",
      "settles",
      [],
      /UNSUPPORTED: settles says autoCompleteMessages: false without sdkBinding/,
    ],
    ["lambda-handlers.mjs", "orders", [], /NO_SUCH_FUNCTION: .* registers no function with a Service Bus/],
    ["cannot-load.mjs", "orders", [], /FUNCTION_DID_NOT_START: .*Error: no configuration/],
    ["functions-app.charge", "orders", [], /UNSUPPORTED: .*registered, not exported/],
  ])("%s of %s %j", async (file, queue, flags, message) => {
    await using program = invoking(file, queue, "--once", ...flags);
    const { code, lines, errors } = await program.ended;
    expect({ code, lines }).toEqual({ code: 1, lines: [] });
    expect(errors).toMatch(message);
  });
});
