import { join } from "node:path";
import { defineQueue, defineTopic, text, unchecked } from "@anyqueue/core";
import { connect } from "@anyqueue/core/auto";
import { spawnEmulator, type SpawnedEmulator } from "@anyqueue/emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
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

const invocation = (file: string, ...args: readonly string[]): readonly string[] => {
  const queue = args.includes("--queue") ? [] : ["--queue", "orders"];
  return ["invoke", join(FUNCTIONS, file), "--runtime", "cloud-run", ...queue, "--url", url, ...args];
};

const invoking = (file: string, ...args: readonly string[]): Program =>
  new Program(invocation(file, ...args), {});

async function sendAll(...texts: readonly string[]): Promise<void> {
  const client = await connect({ url });
  await client.producer(orders).sendMany(texts.map((body) => ({ body, attributes: { tenant: "a" } })));
  await client.close();
}

async function open(): Promise<readonly string[]> {
  const subscriptions = await emulator.control.subscriptions();
  return subscriptions.flatMap(({ messages }) => messages.map(({ body }) => body));
}

const pushing = (): readonly string[] => ["--emulator", emulator.endpoints.control];

describe.each([
  ["that is pulled and posted", (): readonly string[] => []],
  ["that the emulator pushes", pushing],
])("a service behind a push subscription %s", (_how, how) => {
  test("acknowledges by its status, and what fails is pushed again", async () => {
    await sendAll("first", "fails once");
    await using program = invoking("push-handlers.mjs", "--path", "/push", "--json", ...how());
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
    await using program = invoking("push-handlers.mjs", "--once", ...how());
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
    await using program = invoking("push-handlers.mjs", "--once", ...flags, ...how());
    expect(await program.ended).toMatchObject({ code: 1, lines: [expect.stringMatching(line)] });
    expect(await open()).toEqual([body]);
  });

  test("gets its messages in order, and none behind one that failed", async () => {
    const keyed = defineQueue("keyed", {
      schema: unchecked<string>(),
      codec: text(),
      orderingKey: (body: string) => body.slice(0, 1),
    });
    const client = await connect({ url });
    await client.admin.create(keyed);
    await client.producer(keyed).sendMany(["a1 never", "a2", "b1", "b2"].map((body) => ({ body })));
    await client.close();
    await using program = invoking("push-handlers.mjs", "--once", "--queue", "keyed", "--ordered", ...how());
    const { code, errors } = await program.ended;
    expect(new Set([...errors.matchAll(/pushed (\S+)/g)].map(([, name]) => name))).toEqual(
      new Set(["a1", "b1", "b2"]),
    );
    expect(errors.indexOf("pushed b1")).toBeLessThan(errors.indexOf("pushed b2"));
    expect(code).toBe(1);
    expect(await open()).toEqual(["a1 never", "a2"]);
  });
});

describe("the emulator", () => {
  test("pushes to nobody any more when it has ended, and gives back at once what no function had", async () => {
    await sendAll("hangs", "a", "b");
    await using program = invoking(
      "push-handlers.mjs",
      "--max-concurrency",
      "1",
      "--timeout",
      "3s",
      ...pushing(),
    );
    await program.untilError("pushed hangs");
    program.child.kill("SIGINT");
    const { lines } = await program.ended;
    expect(lines).toEqual([expect.stringMatching(/^timeout /)]);
    const found = await emulator.control.subscriptions();
    const subscription = found.find(({ name }) => name.endsWith("/orders"));
    expect(subscription).toMatchObject({ outstanding: 0, available: 3 });
    expect(subscription?.pushEndpoint).toBeUndefined();
  });

  test("signs the tokens itself", async () => {
    await sendAll("a");
    await using program = invoking("push-handlers.fetching", "--once", "--audience", "orders", ...pushing());
    const { code, errors } = await program.ended;
    expect(errors).toMatch(/fetched a Bearer [\w-]+\.[\w-]+\.[\w-]+/);
    expect(code).toBe(0);
  });

  test("is the one that the environment names, if the queue is there", async () => {
    const named = { ANYQUEUE_EMULATOR: emulator.endpoints.control };
    await sendAll("a");
    await using program = new Program(invocation("push-handlers.mjs", "--once"), named);
    expect((await program.ended).errors).toContain("The emulator pushes the messages of orders");
    const other = await spawnEmulator({ pubsubPort: 0 });
    onTestFinished(async () => await other.close());
    await sendAll("b");
    const elsewhere = { ANYQUEUE_EMULATOR: other.endpoints.control };
    await using pulling = new Program(invocation("push-handlers.mjs", "--once"), elsewhere);
    expect(await pulling.ended).toMatchObject({
      code: 0,
      errors: expect.stringContaining("Pushing the messages"),
    });
  });
});

describe("a service behind a push subscription", () => {
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
    await using program = invoking(
      "push-handlers.mjs",
      "--once",
      "--queue",
      "placed",
      "--subscription",
      "billing",
      ...pushing(),
    );
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

describe("a function with a trigger, of the vendor's own framework", () => {
  const keyed = defineQueue("keyed", {
    schema: unchecked<string>(),
    codec: text(),
    orderingKey: (body: string) => `key${body.length}`,
  });

  const sendKeyed = async (...texts: readonly string[]): Promise<void> => {
    const client = await connect({ url });
    await client.admin.create(keyed);
    await client.producer(keyed).sendMany(texts.map((body) => ({ body })));
    await client.close();
  };

  const triggered = (...args: readonly string[]): Program =>
    invoking("push-event.mjs", "--once", "--queue", "keyed", "--ordered", "--target", "orders", ...args);

  test("gets the events that Eventarc makes, whole, and fails by its answer", async () => {
    await sendKeyed("", "a", "never");
    vi.stubEnv("ANYQUEUE_EMULATOR", emulator.endpoints.control);
    onTestFinished(() => void vi.unstubAllEnvs());
    await using program = triggered("--cloud-events");
    const { code, lines, errors } = await program.ended;
    const origin = "google.cloud.pubsub.topic.v1.messagePublished of //pubsub.googleapis.com/projects/demo";
    expect(errors).toContain(`${origin}/topics/keyed from projects/demo/subscriptions/keyed: [a] of key1`);
    expect(errors).toContain("[] of key0");
    expect(errors.match(/same id true, time true, undefined/g)).toHaveLength(3);
    expect(errors).not.toContain("Failed to extract the topic name");
    expect(lines.filter((line) => line.startsWith("error"))).toEqual([
      expect.stringContaining("it answered 500"),
    ]);
    expect(code).toBe(1);
    expect(await open()).toEqual(["never"]);
  });

  test("that is pushed to all the same is named, because the framework changes pushes", async () => {
    await sendKeyed("a");
    await using program = triggered();
    const { errors } = await program.ended;
    expect(errors).toContain("add --cloud-events");
  });

  test("is not pushed to by the emulator", async () => {
    await using program = triggered("--cloud-events", ...pushing());
    const { code, errors } = await program.ended;
    expect(errors).toContain("--cloud-events are made here: leave out --emulator");
    expect(code).toBe(2);
  });
});

describe("a mistake is named before any message is taken", () => {
  test.each([
    ["push-handlers.nothing", [], /NO_SUCH_EXPORT: .*nothing is no handler; exported: /],
    ["cannot-load.mjs", [], /FUNCTION_DID_NOT_START: .*the process ended: exit code 1/],
    ["push-framework.mjs", ["--target", "nothing"], /FUNCTION_DID_NOT_START: /],
    ["push-handlers.mjs", ["--emulator", "http://127.0.0.1:1"], /QUEUE_UNREACHABLE: no emulator answers/],
  ])("%s %j", async (file, flags, message) => {
    await sendAll("a");
    await using program = invoking(file, "--once", ...flags);
    const { code, lines, errors } = await program.ended;
    expect({ code, lines }).toEqual({ code: 1, lines: [] });
    expect(errors).toMatch(message);
    expect(await open()).toEqual(["a"]);
  });
});
