import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { LocalQueues } from "./local-queues.ts";
import { Program } from "./run-program.ts";

const FUNCTIONS = join(import.meta.dirname, "../functions");
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
});

const invocation = (handler: string, ...args: readonly string[]): readonly string[] => {
  const file = handler.includes("/") ? handler : join(FUNCTIONS, handler);
  const queue = args.includes("--queue") ? [] : ["--queue", "orders", "--url", "sqs://us-east-1"];
  // Lambda's default of three seconds is short for a process on a busy machine.
  const patience = args.includes("--timeout") ? [] : ["--timeout", "20s"];
  return ["invoke", file, "--runtime", "lambda", ...queue, ...patience, ...args];
};
const invoking = (handler: string, ...args: readonly string[]): Program =>
  new Program(invocation(handler, ...args), local.environment);
const sendAll = async (bodies: readonly string[], name = "orders"): Promise<void> => {
  for (const body of bodies) await local.send(name, body);
};
const reportsOf = (lines: readonly string[]): readonly Record<string, unknown>[] =>
  lines.map((line): Record<string, unknown> => JSON.parse(line));

describe("a Lambda function with --once", () => {
  test("gets the queue's messages in batches, and what it handled is deleted", async () => {
    await sendAll(["a", "b", "c"]);
    await using program = invoking("lambda-handlers.handler", "--once", "--json", "--batch-size", "2");
    const { code, lines, errors } = await program.ended;
    const reports = reportsOf(lines);
    expect(reports).toMatchObject([
      { outcome: "ok", failedIds: [], messageIds: expect.any(Array) },
      { outcome: "ok", failedIds: [] },
    ]);
    expect(reports.flatMap(({ messageIds }) => messageIds)).toHaveLength(3);
    for (const body of ["a", "b", "c"]) expect(errors).toContain(`handled ${body} of lambda-handlers`);
    expect(errors).toContain("2 invocations: 3 handled.");
    expect(code).toBe(0);
    expect(await local.messages("orders")).toEqual([]);
  });

  test("that lists failures keeps them in the queue, and the code says so", async () => {
    await sendAll(["good", "bad"]);
    await using program = invoking(
      "lambda-handlers.partly",
      ...["--once", "--report-batch-item-failures", "--batch-size", "2", "--window", "20s"],
    );
    const { code, lines } = await program.ended;
    expect(lines).toEqual([expect.stringMatching(/^partial {2}2 messages, 1 failed +\d+ ms/)]);
    expect(code).toBe(1);
    expect(await local.messages("orders")).toMatchObject([{ body: "bad", state: "inFlight" }]);
  });

  test("that lists failures without the flag loses them, as at AWS, and that is said", async () => {
    await sendAll(["bad"]);
    await using program = invoking("lambda-handlers.partly", "--once");
    const { code, lines, errors } = await program.ended;
    expect(lines).toEqual([expect.stringMatching(/^ok/)]);
    expect(errors).toContain("1 message that the function lists as failed is deleted");
    expect(errors).toContain("--report-batch-item-failures");
    expect(errors).toContain("1 invocation: 0 handled, 1 failed and deleted.");
    expect(code).toBe(1);
    expect(await local.messages("orders")).toEqual([]);
  });

  test("that lists the only message of a call did not fail as a whole", async () => {
    await sendAll(["bad"]);
    await using program = invoking("lambda-handlers.partly", "--once", "--report-batch-item-failures");
    const { code, lines, errors } = await program.ended;
    expect(lines).toEqual([expect.stringMatching(/^partial {2}1 message, 1 failed/)]);
    expect(errors).not.toContain("is deleted");
    expect(code).toBe(1);
  });

  test.each([
    ["throws", [], /^error .*TypeError: the database$/, "the function"],
    ["floods", [], /^error .{0,100}Function\.ResponseSizeTooLarge: .{0,100}$/, "the function"],
    ["exits", [], /^crash .*the process ended: exit code 7$/, "the function"],
    ["hangs", ["--timeout", "2s"], /^timeout .*no answer within the function's timeout$/, "left true"],
  ])("that %s keeps its messages", async (handler, flags, line, said) => {
    await sendAll(["a"]);
    await using program = invoking(`lambda-handlers.${handler}`, "--once", ...flags);
    const { code, lines, errors } = await program.ended;
    expect(lines).toEqual([expect.stringMatching(line)]);
    expect(errors).toContain(said);
    expect(code).toBe(1);
    expect(await local.messages("orders")).toMatchObject([{ body: "a", state: "inFlight" }]);
  });

  test("with a callback is answered by it", async () => {
    await sendAll(["a"]);
    await using program = invoking("lambda-handlers.withCallback", "--once");
    expect(await program.ended).toMatchObject({ code: 0, lines: [expect.stringMatching(/^ok/)] });
  });

  test("may be a member of what the file exports, as Lambda finds it", async () => {
    await sendAll(["a"]);
    await using program = invoking("lambda-handlers.api.Orders.handler", "--once");
    const { code, errors } = await program.ended;
    expect(errors).toContain("handled a of lambda-handlers");
    expect(code).toBe(0);
  });

  test("may stand beside one that streams, which the runtime's global declares", async () => {
    await sendAll(["a"]);
    await using program = invoking("streaming-handlers.handler", "--once");
    const { code, errors } = await program.ended;
    expect(errors).toContain("handled a");
    expect(code).toBe(0);
  });

  test("may be run by another client of the runtime API", async () => {
    await sendAll(["a"]);
    const client = `${process.execPath} ${join(FUNCTIONS, "runtime-client.mjs")}`;
    await using program = invoking("lambda-handlers.handler", "--once", "--runtime-client", client);
    const { code, errors } = await program.ended;
    expect(errors).toContain("another client runs lambda-handlers.handler in true");
    expect(errors).toContain("handled a of lambda-handlers");
    expect(code).toBe(0);
  });

  test("on a FIFO queue has one batch of a group at a time, in order, and groups side by side", async () => {
    await local.create("orders.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true" });
    for (const body of ["1", "2", "3"])
      for (const group of ["a", "b"])
        await local.send("orders.fifo", `${body}${group}`, {}, { MessageGroupId: group });
    await using program = invoking("lambda-handlers.slowly", "--once", "--ordered", "--batch-size", "1");
    const { code, lines, errors } = await program.ended;
    for (const group of ["a", "b"]) {
      const steps = [...errors.matchAll(new RegExp(`^(?:begin|end) ${group} .*$`, "gm"))].map(
        ([step]) => step,
      );
      const expected = ["1", "2", "3"].flatMap((body) => [
        `begin ${group} ${body}${group}`,
        `end ${group} ${body}${group}`,
      ]);
      expect(steps).toEqual(expected);
    }
    expect(lines).toHaveLength(6);
    expect(code).toBe(0);
  });

  test("on a FIFO queue is warned when it gives up the order of a group", async () => {
    await local.create("orders.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true" });
    for (const body of ["1", "2", "3"]) await local.send("orders.fifo", body, {}, { MessageGroupId: "g" });
    await using program = invoking(
      "lambda-handlers.firstFails",
      ...["--once", "--report-batch-item-failures", "--ordered"],
    );
    const { errors } = await program.ended;
    expect(errors).toContain("note: group g: 2 messages that follow a failed one are not listed as failed");
    expect(await local.messages("orders.fifo")).toMatchObject([{ body: "1" }]);
  });
});

describe("a bundle with the SDK in it", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "anyqueue-invoke-"));
    await build({
      entryPoints: [join(FUNCTIONS, "order-lambda.ts")],
      outfile: join(folder, "orders.mjs"),
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      conditions: ["@anyqueue/source"],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
  });

  afterAll(async () => await rm(folder, { recursive: true }));

  test("handles, retries after its own delay, and dead-letters, end to end", async () => {
    await local.create("orders-dead");
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    await sendAll(numbers.map((number) => JSON.stringify({ number })));
    await using program = invoking(
      join(folder, "orders.handler"),
      ...[
        "--report-batch-item-failures",
        "--batch-size",
        "20",
        "--window",
        "1s",
        "--timeout",
        "20s",
        "--json",
      ],
    );
    const isEmpty = async (): Promise<boolean> => (await local.messages("orders")).length === 0;
    while (!(await isEmpty())) await program.untilLines(program.lineCount + 1);
    program.child.kill("SIGINT");
    const { code, lines, errors } = await program.ended;
    const handled = [...errors.matchAll(/^handled (\d+)$/gm)].map(([, number]) => Number(number));
    expect(handled.toSorted((a, b) => a - b)).toEqual(numbers.filter((number) => number % 10 !== 7));
    expect(await local.messages("orders-dead")).toHaveLength(4);
    expect(reportsOf(lines).flatMap(({ failedIds }) => failedIds)).toHaveLength(4);
    expect(code).toBe(0);
  });
});

describe("Ctrl+C", () => {
  test("lets a call finish, and gives back what no function has seen", async () => {
    await sendAll(["a", "b"]);
    const folder = await mkdtemp(join(tmpdir(), "anyqueue-invoke-"));
    onTestFinished(async () => await rm(folder, { recursive: true }));
    const mayFinish = join(folder, "may-finish");
    await using program = new Program(
      invocation("lambda-handlers.waitsForSignal", "--batch-size", "1", "--max-concurrency", "1"),
      { ...local.environment, MAY_FINISH: mayFinish },
    );
    await program.untilError("started 1");
    program.child.kill("SIGINT");
    await writeFile(mayFinish, "");
    const { code, errors } = await program.ended;
    expect(code).toBe(0);
    expect(errors).toContain("finished");
    expect(errors).toContain("1 invocation: 1 handled.");
    expect(await local.queue("orders")).toMatchObject({ visible: 1, inFlight: 0 });
  });

  test("in the middle of a batching window gives the gathered messages back", async () => {
    await using program = invoking(
      "lambda-handlers.handler",
      ...["--batch-size", "100", "--window", "5m", "--timeout", "20s"],
    );
    await program.untilError("Ctrl+C ends it.");
    await sendAll(["a", "b"]);
    while ((await local.queue("orders")).inFlight < 2) await local.control.now();
    program.child.kill("SIGINT");
    expect(await program.ended).toMatchObject({ code: 0, lines: [] });
    expect(await local.queue("orders")).toMatchObject({ visible: 2, inFlight: 0 });
  });
});

test("a broken pipe ends the run like Ctrl+C, and the rest stays in the queue", async () => {
  await using program = invoking("lambda-handlers.handler", "--batch-size", "1", "--max-concurrency", "1");
  await program.untilError("Ctrl+C ends it.");
  program.child.stdout.destroy();
  await sendAll(["a", "b", "c", "d", "e"]);
  // Otherwise it would take messages for ever, and nobody would hear of it.
  const { code, errors } = await program.ended;
  expect(errors).toMatch(/invocations?: \d handled\./u);
  const { visible, inFlight } = await local.queue("orders");
  expect([code, inFlight]).toEqual([0, 0]);
  expect(visible).toBeGreaterThan(0);
});

describe("a mistake is named before any message is taken", () => {
  test.each([
    ["missing.handler", [], 1, /^NO_SUCH_FILE: there is no function file .*missing\.handler\./],
    ["missing.mjs", [], 1, /^NO_SUCH_FILE: .*missing\.mjs\. Build it first/],
    ["lambda-handlers.nothing", [], 1, /NO_SUCH_EXPORT: .*nothing is undefined or no function; exported: /],
    ["lambda-handlers.notAFunction", [], 1, /NO_SUCH_EXPORT: .*notAFunction is undefined or no function/],
    ["streaming-handlers.page", [], 1, /FUNCTION_DID_NOT_START: .*page streams its response/],
    ["cannot-load.mjs", [], 1, /FUNCTION_DID_NOT_START: .*cannot-load\.mjs: Error: no configuration/],
    ["lambda-handlers.mjs", ["--timeout", "31s"], 1, /INVALID_MAPPING: .*visibility timeout: 30 seconds/],
    ["lambda-handlers.mjs", ["--batch-size", "11"], 1, /INVALID_MAPPING: .*needs windowSeconds/],
    ["lambda-handlers.mjs", ["--queue", "sqs://us-east-1/nothing"], 1, /NO_SUCH_QUEUE: .*nothing/],
    ["lambda-handlers.mjs", ["--queue", "x", "--url", "memory:"], 1, /WRONG_PROVIDER: x is on memory:/],
    ["lambda-handlers.mjs", ["--runtime-client", "no-such-program"], 1, /FUNCTION_DID_NOT_START: .*ENOENT/],
    ["lambda-handlers.mjs", ["--runtime-client", "false"], 1, /FUNCTION_DID_NOT_START: .*exit code 1/],
  ])("%s %j", async (handler, flags, expected, message) => {
    await sendAll(["a"]);
    await using program = invoking(handler, "--once", ...flags);
    const { code, lines, errors } = await program.ended;
    expect({ code, lines }).toEqual({ code: expected, lines: [] });
    expect(errors).toMatch(message);
    expect(await local.queue("orders")).toMatchObject({ visible: 1, inFlight: 0 });
  });
});
