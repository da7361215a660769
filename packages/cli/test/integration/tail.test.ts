import { connect } from "@anyqueue/core/auto";
import { bytes, defineQueue } from "@anyqueue/core";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { runCli } from "../../src/run-cli.ts";
import { RecordingTerminal, type TerminalSetup } from "../recording-terminal.ts";
import { LocalQueues } from "./local-queues.ts";

const URL_FLAG = ["--url", "sqs://us-east-1"];
let local: LocalQueues;

beforeAll(async () => {
  local = await LocalQueues.start();
});

afterAll(async () => {
  await local[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await local.control.reset();
  await local.create("orders");
  for (const [name, value] of Object.entries(local.environment)) vi.stubEnv(name, value);
});

/** Starts a tail; `--for` is a safety net, the tests end before. */
function start(args: readonly string[], setup: TerminalSetup = {}) {
  const terminal = new RecordingTerminal(setup);
  const ended = runCli(["tail", ...args, ...URL_FLAG], terminal);
  return { terminal, ended };
}

async function tail(args: readonly string[], setup: TerminalSetup = {}) {
  const { terminal, ended } = start(args, setup);
  const code = await ended;
  const shown = args.includes("--json") ? terminal.printed.map((line) => JSON.parse(line)) : terminal.printed;
  return { code, shown, warned: terminal.warned.join("\n") };
}

async function states(queue = "orders"): Promise<readonly string[]> {
  return (await local.messages(queue)).map(
    ({ body, state, receiveCount }) => `${body} ${state} ${receiveCount}`,
  );
}

test("a message that is gone is named on one line, without what a terminal would obey", async () => {
  const id = "o-1\nnote: all is well \u001B]0;title\u0007";
  await local.send("orders", "1", { "aq-h": JSON.stringify({ v: 1, id, "aq-exp": "1" }) });
  await local.send("orders", "2");
  const { shown, warned } = await tail(["orders", "--max", "1"]);
  expect(shown).toHaveLength(1);
  expect(warned).toContain(
    "note: o-1\\u000anote: all is well \\u001b]0;title\\u0007 had outlived its ttl and was removed",
  );
});

describe("a tail that gives back", () => {
  test("shows each message once, holds it meanwhile, and leaves the queue as it was but for one attempt", async () => {
    for (const body of ["1", "2", "3"]) await local.send("orders", body);
    const { terminal, ended } = start(["orders", "--json"]);
    await terminal.untilLines(3);
    expect(await local.queue("orders")).toMatchObject({ visible: 0, inFlight: 3 });
    await local.send("orders", "4");
    await terminal.untilLines(4);
    terminal.stop();
    expect(await ended).toBe(0);
    const bodies = terminal.printed.map((line) => JSON.parse(line).body);
    expect(new Set(bodies)).toEqual(new Set([1, 2, 3, 4]));
    expect(bodies).toHaveLength(4);
    expect((await states()).toSorted()).toEqual(["1 visible 1", "2 visible 1", "3 visible 1", "4 visible 1"]);
    expect(terminal.warned.join("\n")).toMatch(
      /held back from other[^]*one delivery attempt[^]*4 shown and given back\./,
    );
  });

  test("ends after --max messages and takes no further one", async () => {
    for (const body of ["1", "2", "3"]) await local.send("orders", body);
    const { code, shown } = await tail(["orders", "--json", "--max", "2"]);
    expect({ code, count: shown.length }).toEqual({ code: 0, count: 2 });
    const counts = (await local.messages("orders")).map(({ receiveCount }) => receiveCount);
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, 1, 1]);
  });

  test("ends after --for, with what came or without", async () => {
    expect(await tail(["orders", "--for", "1s"])).toMatchObject({ code: 0, shown: [] });
    await local.send("orders", "1");
    // Long enough for a busy machine to connect and receive a message.
    expect(await tail(["orders", "--for", "5s", "--json"])).toMatchObject({ code: 0, shown: [{ body: 1 }] });
    expect(await states()).toEqual(["1 visible 1"]);
  });

  test("leaves the messages to the queue's own consumer when it ends", async () => {
    await local.send("orders", "1");
    await using client = await connect("sqs://us-east-1");
    const consumer = client.consumer(defineQueue("orders", { codec: bytes(), deadLetter: "none" }));
    const { terminal, ended } = start(["orders"]);
    await terminal.untilLines(1);
    expect(await consumer.receive()).toEqual([]);
    terminal.stop();
    await ended;
    const [message] = await consumer.receive({ wait: "5s" });
    expect(message?.attempt).toBe(2);
    await message?.ack();
  });

  test("does not show a message again that comes again because its lease was lost", async () => {
    await local.send("orders", "1");
    await local.control.addFault({
      operation: "ReceiveMessage",
      count: 1,
      when: "after",
      action: { kind: "duplicate" },
    });
    const { terminal, ended } = start(["orders", "--json"]);
    await vi.waitUntil(async () => (await local.messages("orders"))[0]?.receiveCount === 2, {
      timeout: 50_000,
    });
    await local.send("orders", "2");
    await terminal.untilLines(2);
    terminal.stop();
    await ended;
    expect(terminal.printed.map((line) => JSON.parse(line).body)).toEqual([1, 2]);
  });

  test("gives back and ends when nobody reads its output any more", async () => {
    for (const body of ["1", "2", "3"]) await local.send("orders", body);
    const { code, shown } = await tail(["orders"], { readsLines: 1 });
    expect({ code, count: shown.length }).toEqual({ code: 0, count: 1 });
    expect(await local.queue("orders")).toMatchObject({ visible: 3, inFlight: 0 });
  });

  test("says that followers of a held message wait in an ordered queue", async () => {
    await local.create("pay.fifo", { FifoQueue: "true" });
    const send = async (body: string) =>
      await runCli(["send", "pay", body, "--key", "k", ...URL_FLAG], new RecordingTerminal());
    await send("1");
    const { terminal, ended } = start(["pay", "--ordered", "--json"]);
    await terminal.untilLines(1);
    await send("2");
    terminal.stop();
    expect(await ended).toBe(0);
    expect(JSON.parse(terminal.printed.join())).toMatchObject({ body: 1, orderingKey: "k" });
    expect(terminal.warned.join("\n")).toContain(
      "note: while a message is held, later ones of its ordering key",
    );
    expect(await states("pay.fifo")).toEqual(["1 visible 1", "2 visible 0"]);
  });

  test("fails if a message could not be given back, and says when it comes back", async () => {
    await local.send("orders", "1");
    await local.control.addFault({ operation: "ChangeMessageVisibility*", action: { kind: "accessDenied" } });
    const { code, warned } = await tail(["orders", "--max", "1"]);
    expect(code).toBe(1);
    expect(warned).toMatch(/release failed, so it comes back when its lease ends \(30s\)\. ACCESS_DENIED/);
    expect(warned).toMatch(/1 shown and given back, but 1 not given back\.$/);
  });
});

describe("a tail with --ack", () => {
  test.each(["--ack", "--consume"])("removes what it has shown (%s)", async (flag) => {
    for (const body of ["1", "2", "3"]) await local.send("orders", body);
    const { code, warned } = await tail(["orders", flag, "--max", "2"]);
    expect(code).toBe(0);
    expect(warned).toMatch(/REMOVING[^]*2 shown and removed\.$/);
    expect(await local.queue("orders")).toMatchObject({ visible: 1, inFlight: 0 });
  });

  test("keeps what nobody read any more", async () => {
    for (const body of ["1", "2", "3"]) await local.send("orders", body);
    const { code } = await tail(["orders", "--ack"], { readsLines: 1 });
    expect(code).toBe(0);
    expect(await local.queue("orders")).toMatchObject({ visible: 2, inFlight: 0 });
  });

  test("keeps what could not be written, and fails", async () => {
    class FullDisk extends RecordingTerminal {
      override async write(): Promise<boolean> {
        throw new Error("ENOSPC: no space left on device");
      }
    }
    await local.send("orders", "1");
    const terminal = new FullDisk();
    expect(await runCli(["tail", "orders", "--ack", ...URL_FLAG], terminal)).toBe(1);
    expect(terminal.warned.at(-1)).toContain("ENOSPC");
    expect(await states()).toEqual(["1 visible 1"]);
  });

  test("fails if a shown message could not be removed", async () => {
    await local.send("orders", "1");
    await local.control.addFault({ operation: "DeleteMessage*", action: { kind: "accessDenied" } });
    const { code, warned } = await tail(["orders", "--ack", "--max", "1"]);
    expect(code).toBe(1);
    expect(warned).toMatch(/ack failed, so it comes back .*ACCESS_DENIED/);
  });
});

describe("what cannot be decoded", () => {
  const MALFORMED = { "aq-h": "{" };

  test("is shown as base64 with the reason and is never dead-lettered", async () => {
    await local.create("orders-dead");
    await local.send("orders", "{}", MALFORMED);
    const { terminal, ended } = start(["orders", "--json", "--for", "20s"]);
    await terminal.untilLines(1);
    terminal.stop();
    expect(await ended).toBe(0);
    expect(terminal.printed.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        bodyBase64: "e30=",
        undecodable: expect.stringContaining("aq-h is not JSON"),
      }),
    ]);
    // The service holds it until a little after the planned end.
    expect(await states()).toEqual(["{} inFlight 1"]);
    await local.control.advance(25_000);
    expect(await states()).toEqual(["{} visible 1"]);
    expect(await local.messages("orders-dead")).toEqual([]);
  });

  test("is removed with --ack after it is shown, and kept if nobody read it", async () => {
    await local.send("orders", "{}", MALFORMED);
    await tail(["orders", "--ack"], { readsLines: 0 });
    expect(await local.messages("orders")).toHaveLength(1);
    expect((await tail(["orders", "--ack", "--max", "1"])).shown).toHaveLength(1);
    expect(await local.messages("orders")).toEqual([]);
  });
});

describe("dead letters", () => {
  test("are shown with their origin and given back", async () => {
    await local.create("orders-dead");
    await local.send("orders", "{}");
    await using client = await connect("sqs://us-east-1");
    const [message] = await client.consumer(defineQueue("orders")).receive({ wait: "5s" });
    await message?.deadLetter("NO_STOCK");
    const { shown } = await tail(["orders", "--dead-letters", "--json", "--max", "1"]);
    expect(shown).toEqual([
      expect.objectContaining({
        body: {},
        deadLettered: expect.objectContaining({ reason: "NO_STOCK", attempts: 1 }),
      }),
    ]);
    expect(await states("orders-dead")).toEqual(["{} visible 1"]);
  });

  test("that the service itself moved are found by its policy", async () => {
    await local.create("failed");
    const policy = { deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:failed", maxReceiveCount: 3 };
    await local.create("mails", { RedrivePolicy: JSON.stringify(policy) });
    await local.send("failed", "1");
    expect((await tail(["mails", "--dead-letters", "--json", "--max", "1"])).shown).toEqual([
      expect.objectContaining({ body: 1 }),
    ]);
    const { terminal, ended } = start(["mails"]);
    await vi.waitUntil(
      () =>
        terminal.warned.some((line) => line.startsWith("note: the service dead-letters after 3 deliveries")),
      { timeout: 50_000 },
    );
    terminal.stop();
    await ended;
  });
});

describe("trouble with the provider", () => {
  test("that does not pass ends it with code, place and remedy", async () => {
    const { code, warned } = await tail(["nowhere"]);
    expect(code).toBe(1);
    expect(warned).toMatch(/NOT_FOUND: .*sqs:\/\/us-east-1\/nowhere.*Create it/);
  });

  test("that lasted for all of its time is no empty queue", async () => {
    await local.control.addFault({ operation: "ReceiveMessage", action: { kind: "serverError" } });
    const { code, warned } = await tail(["orders", "--for", "2500ms"]);
    expect(code).toBe(1);
    expect(warned.trim().split("\n").at(-1)).toMatch(/^UNAVAILABLE: /);
  });

  test("that passes is reported and lived through", async () => {
    await local.send("orders", "1");
    await local.control.addFault({ operation: "ReceiveMessage", count: 2, action: { kind: "serverError" } });
    const { code, shown, warned } = await tail(["orders", "--max", "1", "--json"]);
    expect({ code, count: shown.length }).toEqual({ code: 0, count: 1 });
    expect(warned.match(/UNAVAILABLE: .* Trying again\./g)).toHaveLength(2);
  });
});
