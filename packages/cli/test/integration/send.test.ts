import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { runCli } from "../../src/run-cli.ts";
import { RecordingTerminal, type TerminalSetup } from "../recording-terminal.ts";
import { LocalQueues } from "./local-queues.ts";
import { Program } from "./run-program.ts";

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

async function send(args: readonly string[], setup: TerminalSetup = {}) {
  const terminal = new RecordingTerminal(setup);
  const code = await runCli(["send", ...args], terminal);
  return { code, printed: terminal.printed, warned: withoutProgress(terminal.warned) };
}

/** On a slow machine there are progress lines; the last one is the summary. */
function withoutProgress(lines: readonly string[]): readonly string[] {
  const summaries = lines.filter((line) => /^[\d,]+ sent, [\d,]+ failed$/.test(line));
  return lines.filter(
    (line, at) => !summaries.includes(line) || at === lines.lastIndexOf(summaries.at(-1) ?? ""),
  );
}

async function bodies(queue = "orders"): Promise<readonly string[]> {
  return (await local.messages(queue)).map(({ body }) => body);
}

describe("one message", () => {
  test("is sent as it is written, and its id is printed", async () => {
    const { code, printed } = await send([
      "orders",
      '{"n": 12345678901234567890}',
      "--id",
      "o-1",
      ...URL_FLAG,
    ]);
    expect({ code, printed }).toEqual({ code: 0, printed: ["o-1"] });
    expect(await bodies()).toEqual(['{"n": 12345678901234567890}']);
  });

  test("comes from standard input, as a whole", async () => {
    await send(["orders", ...URL_FLAG], { input: ['{"a":', "\n1}\n"] });
    await send(["orders", "-", "--text", ...URL_FLAG], { input: ["two\nlines\n"], isInputTyped: true });
    expect(await bodies()).toEqual(['{"a":\n1}', "two\nlines\n"]);
  });

  test("is described as JSON with all that the provider confirmed", async () => {
    const { printed } = await send(["orders", "{}", "--id", "o-1", "--json", ...URL_FLAG]);
    const providerIds = (await local.messages("orders")).map(({ id }) => id);
    expect(printed.map((line) => JSON.parse(line))).toEqual([
      { ok: true, id: "o-1", providerId: providerIds[0] },
    ]);
  });

  test("carries attributes and content type, which tail shows", async () => {
    const flags = ["--attribute", "tenant=a", "--attribute", "query=b=c", "--content-type", "text/csv"];
    await send(["orders", "a,b", ...flags, ...URL_FLAG]);
    const terminal = new RecordingTerminal();
    await runCli(["tail", "orders", "--json", "--max", "1", ...URL_FLAG], terminal);
    expect(JSON.parse(terminal.printed.join())).toMatchObject({
      body: "a,b",
      contentType: "text/csv",
      attributes: { tenant: "a", query: "b=c" },
    });
  });

  test("is sent where ANYQUEUE_URL says", async () => {
    vi.stubEnv("ANYQUEUE_URL", "sqs://us-east-1");
    vi.stubEnv("ANYQUEUE_PREFIX", "prod-");
    await local.create("prod-orders");
    expect((await send(["orders", "{}"])).code).toBe(0);
    expect(await bodies("prod-orders")).toEqual(["{}"]);
  });

  test("with a key goes to the ordered queue of that name, or to the one that is named", async () => {
    await local.create("pay.fifo", { FifoQueue: "true" });
    await send(["pay", "1", "--key", "k-1", ...URL_FLAG]);
    await send(["pay.fifo", "2", "--key", "k-2", ...URL_FLAG]);
    expect((await local.messages("pay.fifo")).map(({ body, groupId }) => [body, groupId])).toEqual([
      ["1", "k-1"],
      ["2", "k-2"],
    ]);
  });

  test("is delayed, and refused where the provider cannot let it expire", async () => {
    expect((await send(["orders", "{}", "--delay", "30s", ...URL_FLAG])).code).toBe(0);
    expect(await local.queue("orders")).toMatchObject({ delayed: 1, visible: 0 });
    const { code, printed, warned } = await send(["orders", "{}", "--ttl", "30s", ...URL_FLAG]);
    expect({ code, printed, warned }).toEqual({
      code: 1,
      printed: [],
      warned: [expect.stringMatching(/^UNSUPPORTED: sqs cannot give this entity ttl/)],
    });
  });

  test("that is not confirmed is explained, as JSON too", async () => {
    const { code, printed, warned } = await send(["nowhere", "{}", "--json", ...URL_FLAG]);
    expect(code).toBe(1);
    expect(warned).toEqual([expect.stringMatching(/^NOT_FOUND: .*sqs:\/\/us-east-1\/nowhere.*Create it/)]);
    expect(printed.map((line) => JSON.parse(line))).toEqual([
      {
        ok: false,
        error: expect.objectContaining({ code: "NOT_FOUND", retryable: false, ambiguous: false }),
      },
    ]);
  });

  test("that may have arrived says so", async () => {
    await local.control.addFault({ operation: "SendMessage*", when: "after", action: { kind: "reset" } });
    const { code, warned } = await send(["orders", "{}", ...URL_FLAG]);
    expect(code).toBe(1);
    expect(warned.join()).toMatch(/^CONNECTION_LOST: .* It may have arrived all the same\.$/);
  });
});

describe("many lines", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "anyqueue-send-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test("of a file are each a message, in few requests", async () => {
    const path = join(folder, "orders.jsonl");
    await writeFile(path, Array.from({ length: 2_000 }, (_, index) => `{"n":${index}}\n`).join(""));
    const { code, printed, warned } = await send(["orders", "--lines", "--file", path, ...URL_FLAG]);
    expect({ code, warned }).toEqual({ code: 0, warned: ["2,000 sent, 0 failed"] });
    expect(new Set(printed).size).toBe(2_000);
    expect(new Set(await bodies()).size).toBe(2_000);
    expect(await local.control.count("SendMessageBatch")).toBeLessThan(300);
  });

  test("report those that fail by their number, and the others arrive", async () => {
    const tooLarge = `"${"x".repeat(1024 * 1024)}"`;
    const { code, printed, warned } = await send(["orders", "--lines", "--json", ...URL_FLAG], {
      input: ["1\n", tooLarge, "\n{\n4\n"],
    });
    expect(code).toBe(1);
    expect(printed.map((line) => JSON.parse(line)).map(({ line, ok }) => [line, ok])).toEqual([
      [1, true],
      [2, false],
      [3, false],
      [4, true],
    ]);
    expect(warned).toEqual([
      expect.stringMatching(/^line 2: MESSAGE_TOO_LARGE: /),
      expect.stringMatching(/^line 3: INVALID_MESSAGE: the body: it is not JSON: column 2/),
      "2 sent, 2 failed",
    ]);
    // A standard queue promises no order.
    expect((await bodies()).toSorted()).toEqual(["1", "4"]);
  });

  test("of a file that is not there are a failure that names it", async () => {
    const { code, warned } = await send(["orders", "--lines", "--file", join(folder, "none"), ...URL_FLAG]);
    expect(code).toBe(1);
    expect(warned).toEqual([
      "0 sent, 0 failed",
      expect.stringMatching(/^The input cannot be read after line 0: ENOENT.*none/),
    ]);
  });
});

describe("the process", () => {
  const program = (...args: readonly string[]) =>
    new Program(["send", ...args, ...URL_FLAG], local.environment);

  test("reads bytes from its input and ends with code 0", async () => {
    await using sending = program("orders", "--binary");
    sending.child.stdin.end(Uint8Array.of(0xff, 0x00));
    expect(await sending.ended).toMatchObject({ code: 0, lines: [expect.any(String)] });
    expect(await local.messages("orders")).toHaveLength(1);
  });

  test("ends with code 2 for a mistake, before anything is sent", async () => {
    await using sending = program("orders");
    sending.child.stdin.end('{"a":1,\n}');
    expect(await sending.ended).toEqual({
      code: 2,
      lines: [],
      errors:
        "anyqueue send: the body cannot be sent: it is not JSON: line 2, column 1: " +
        "expected a property name in double quotes. --text sends text as it is.\n",
    });
    expect(await bodies()).toEqual([]);
  });

  test("confirms lines while its input stays open, and says where it was interrupted", async () => {
    await using sending = program("orders", "--lines");
    sending.child.stdin.write("1\n2\n");
    await sending.untilLines(2);
    sending.child.kill("SIGINT");
    const { code, lines, errors } = await sending.ended;
    expect({ code, count: lines.length }).toEqual({ code: 1, count: 2 });
    expect(withoutProgress(errors.trim().split("\n"))).toEqual([
      "Stopped, because it was interrupted: nothing after line 2 was sent.",
      "2 sent, 0 failed",
    ]);
    // A standard queue promises no order.
    expect((await bodies()).toSorted()).toEqual(["1", "2"]);
  });

  test("ends by itself when nothing can be sent, though its input stays open", async () => {
    await using sending = program("nowhere", "--lines");
    sending.child.stdin.write("1\n");
    const { code, errors } = await sending.ended;
    expect(code).toBe(1);
    expect(errors).toContain(
      "Stopped, because NOT_FOUND would befall every message: nothing after line 1 was sent.",
    );
  });

  test("sends all, though nobody reads its output", async () => {
    await using sending = program("orders", "--lines");
    sending.child.stdout.destroy();
    sending.child.stdin.end(Array.from({ length: 300 }, (_, index) => `${index}\n`).join(""));
    const { code, errors } = await sending.ended;
    expect(code).toBe(0);
    expect(withoutProgress(errors.trim().split("\n"))).toEqual(["300 sent, 0 failed"]);
    expect(await bodies()).toHaveLength(300);
  });
});
