import { expect, test } from "vitest";
import { RecordingTerminal } from "../test/recording-terminal.ts";
import { runCli } from "./run-cli.ts";

async function run(...args: readonly string[]) {
  const terminal = new RecordingTerminal();
  const exitCode = await runCli(args, terminal);
  return { exitCode, printed: terminal.printed.join("\n"), warned: terminal.warned.join("\n") };
}

test.each([
  [["upp"], 'anyqueue: unknown command "upp". Did you mean anyqueue up?'],
  [["explode"], 'anyqueue: unknown command "explode". Known: up.'],
  [["up", "--sqsport", "1"], "anyqueue up: unknown flag --sqsport. Did you mean --sqs-port?"],
  [["up", "-x"], "anyqueue up: unknown flag -x. Known: --sqs-port, --host, --json, --help."],
  [
    ["up", "--sqs-port", "65536"],
    'anyqueue up: --sqs-port must be a port from 0 to 65535, got "65536". 0 takes a free port.',
  ],
  [
    ["up", "--sqs-port", "http"],
    'anyqueue up: --sqs-port must be a port from 0 to 65535, got "http". 0 takes a free port.',
  ],
  [
    ["up", "--sqs-port=-1"],
    'anyqueue up: --sqs-port must be a port from 0 to 65535, got "-1". 0 takes a free port.',
  ],
  [["up", "--sqs-port"], "--sqs-port needs a value: --sqs-port <value>."],
  [["up", "--json=yes"], '--json takes no value, got "yes".'],
  [["up", "--json", "--json"], "--json was given twice."],
  [["up", "sqs"], 'anyqueue up: "sqs" is one argument too many.'],
])("%j is a mistake that is explained", async (args, message) => {
  expect(await run(...args)).toEqual({ exitCode: 2, printed: "", warned: message });
});

test("help and version are printed", async () => {
  expect(await run("--help")).toMatchObject({
    exitCode: 0,
    printed: expect.stringContaining("Usage: anyqueue <command>"),
  });
  expect(await run("up", "--help")).toMatchObject({
    exitCode: 0,
    printed: expect.stringContaining("--sqs-port <port>"),
  });
  expect(await run("--version")).toMatchObject({
    exitCode: 0,
    printed: expect.stringMatching(/^[0-9]+\.[0-9]+\.[0-9]+/),
  });
});

test("no command at all shows the usage and fails", async () => {
  expect(await run()).toMatchObject({ exitCode: 2, printed: expect.stringContaining("Commands") });
});

test("an address that cannot be listened on fails with its reason", async () => {
  const { exitCode, warned } = await run("up", "--host", "192.0.2.1");
  expect(exitCode).toBe(1);
  expect(warned).toContain("Cannot listen on 192.0.2.1");
});
