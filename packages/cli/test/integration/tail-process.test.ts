import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
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
});

describe("the process of a tail", () => {
  const program = (...args: readonly string[]) =>
    new Program(["tail", ...args, ...URL_FLAG], local.environment);

  test.each(["SIGINT", "SIGTERM"] as const)(
    "gives back everything and ends with code 0 on %s",
    async (signal) => {
      for (const body of ["1", "2", "3"]) await local.send("orders", body);
      await using tailing = program("orders", "--json");
      await tailing.untilLines(3);
      tailing.child.kill(signal);
      expect(await tailing.ended).toMatchObject({
        code: 0,
        errors: expect.stringContaining("3 shown and given back."),
      });
      expect(await local.queue("orders")).toMatchObject({ visible: 3, inFlight: 0 });
    },
  );

  test("gives back everything on a signal that npx passes on again", async () => {
    await local.send("orders", "1");
    await using tailing = program("orders", "--json");
    await tailing.untilLines(1);
    // Two of a kind at one moment are one for the process, and two that this machine keeps apart are a second Ctrl+C.
    tailing.child.kill("SIGINT");
    tailing.child.kill("SIGTERM");
    expect((await tailing.ended).code).toBe(0);
    expect(await local.queue("orders")).toMatchObject({ visible: 1, inFlight: 0 });
  });

  test("ends on a signal that comes before any message", async () => {
    await using tailing = program("orders");
    await tailing.untilError("Showing orders");
    tailing.child.kill("SIGINT");
    expect(await tailing.ended).toMatchObject({ code: 0, lines: [] });
  });

  test("with --ack and a broken pipe keeps what came after, and ends with code 0", async () => {
    await using tailing = program("orders", "--ack");
    await tailing.untilError("REMOVING");
    tailing.child.stdout.destroy();
    await local.send("orders", "1");
    expect((await tailing.ended).code).toBe(0);
    expect(await local.queue("orders")).toMatchObject({ visible: 1, inFlight: 0 });
  });

  test("that is killed holds its messages for no longer than half a minute", async () => {
    await local.send("orders", "1");
    await using tailing = program("orders", "--json");
    await tailing.untilLines(1);
    tailing.child.kill("SIGKILL");
    await tailing.ended;
    await local.control.advance(31_000);
    expect(await local.queue("orders")).toMatchObject({ visible: 1, inFlight: 0 });
  });
});
