import { join } from "node:path";
import { defineQueue, defineTopic, text, unchecked } from "@anyqueue/core";
import { connect } from "@anyqueue/core/auto";
import { spawnEmulator, type SpawnedEmulator } from "@anyqueue/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Program } from "./run-program.ts";

const FUNCTIONS = join(import.meta.dirname, "../functions");
const orders = defineQueue("orders", { schema: unchecked<string>(), codec: text() });
const placed = defineTopic("placed", { schema: unchecked<string>(), codec: text() });
let emulator: SpawnedEmulator;
let url: string;

beforeAll(async () => {
  emulator = await spawnEmulator({ pubsubPort: 0 });
  url = `pubsub://demo?endpoint=${emulator.endpoints.pubsub ?? ""}`;
});

afterAll(async () => await emulator.close());

beforeEach(async () => {
  await emulator.control.reset();
  const client = await connect({ url });
  await client.admin.create(orders);
  await client.close();
});

const invoking = (file: string, ...args: readonly string[]): Program => {
  const queue = args.includes("--subscription") ? "placed" : "orders";
  return new Program(
    ["invoke", join(FUNCTIONS, file), "--runtime", "cloud-run", "--queue", queue, "--url", url, ...args],
    {},
  );
};

async function sendAll(...texts: readonly string[]): Promise<void> {
  const client = await connect({ url });
  await client.producer(orders).sendMany(texts.map((body) => ({ body, attributes: { tenant: "a" } })));
  await client.close();
}

async function open(): Promise<readonly string[]> {
  const subscriptions = await emulator.control.subscriptions();
  return subscriptions.flatMap(({ messages }) => messages.map(({ body }) => body));
}

describe("a service behind a push subscription", () => {
  test("acknowledges by its status, and what fails is pushed again", async () => {
    await sendAll("first", "fails once");
    await using program = invoking("push-handlers.mjs", "--path", "/push", "--json");
    await program.untilLines(3);
    program.child.kill("SIGINT");
    const { code, lines, errors } = await program.ended;
    const reports = lines.map((line): Record<string, unknown> => JSON.parse(line));
    expect(reports.filter(({ outcome }) => outcome === "ok")).toHaveLength(2);
    expect(reports.find(({ outcome }) => outcome === "error")).toMatchObject({ error: "it answered 503" });
    expect(errors).toMatch(
      /pushed first to \/push from projects\/demo\/subscriptions\/orders .*"tenant":"a"/,
    );
    expect(code).toBe(0);
    expect(await open()).toEqual([]);
  });

  test("with --once keeps what failed for the next run, and the code says so", async () => {
    await sendAll("fine", "never");
    await using program = invoking("push-handlers.mjs", "--once");
    const { code, errors } = await program.ended;
    expect(errors).toContain("2 invocations: 1 handled, 1 failed");
    expect(code).toBe(1);
    expect(await open()).toEqual(["never"]);
  });

  test.each([
    ["hangs", ["--timeout", "500ms"], /^timeout .*no answer within the ack deadline/],
    ["exits", [], /^crash /],
  ])("that %s has failed", async (body, flags, line) => {
    await sendAll(body);
    await using program = invoking("push-handlers.mjs", "--once", ...flags);
    expect(await program.ended).toMatchObject({ code: 1, lines: [expect.stringMatching(line)] });
    expect(await open()).toEqual([body]);
  });

  test("may be a fetch handler, with a token that the emulator signed", async () => {
    await sendAll("a");
    const token = ["--token-from", `${emulator.endpoints.control}/__anyqueue`, "--audience", "orders"];
    await using program = invoking("push-handlers.fetching", "--once", ...token);
    const { code, errors } = await program.ended;
    expect(errors).toMatch(/fetched a Bearer [\w-]+\.[\w-]+\.[\w-]+/);
    expect(code).toBe(0);
  });

  test("may be behind one subscription of a topic", async () => {
    const client = await connect({ url });
    for (const name of ["billing", "shipping"]) await client.admin.create(placed.subscription(name));
    await client.producer(placed).send("a");
    await client.close();
    await using program = invoking("push-handlers.mjs", "--once", "--subscription", "billing");
    const { code, errors } = await program.ended;
    expect(errors).toMatch(/pushed a to \/ from projects\/demo\/subscriptions\/placed-billing/);
    expect(code).toBe(0);
    const left = (await emulator.control.subscriptions()).filter(({ messages }) => messages.length > 0);
    expect(left.map(({ name }) => name)).toEqual(["projects/demo/subscriptions/placed-shipping"]);
  });

  test("may listen by itself, or throw", async () => {
    await sendAll("a");
    await using throwing = invoking("push-handlers.throwing", "--once");
    expect(await throwing.ended).toMatchObject({ code: 1, lines: [expect.stringContaining("answered 500")] });
    await using serving = invoking("push-server.mjs", "--once");
    const { code, errors } = await serving.ended;
    expect(errors).toContain("served POST /");
    expect(code).toBe(0);
  });

  test("may be served by the vendor's own framework", async () => {
    await sendAll("a");
    await using program = invoking("push-framework.mjs", "--once", "--target", "orders");
    const { code, errors } = await program.ended;
    expect(errors).toMatch(/framework \d+/);
    expect(code).toBe(0);
  });
});

describe("a mistake is named before any message is taken", () => {
  test.each([
    ["push-handlers.nothing", [], /NO_SUCH_EXPORT: .*nothing is no handler; exported: /],
    ["cannot-load.mjs", [], /FUNCTION_DID_NOT_START: .*the process ended: exit code 1/],
    ["push-framework.mjs", ["--target", "nothing"], /FUNCTION_DID_NOT_START: /],
  ])("%s %j", async (file, flags, message) => {
    await sendAll("a");
    await using program = invoking(file, "--once", ...flags);
    const { code, lines, errors } = await program.ended;
    expect({ code, lines }).toEqual({ code: 1, lines: [] });
    expect(errors).toMatch(message);
    expect(await open()).toEqual(["a"]);
  });
});
