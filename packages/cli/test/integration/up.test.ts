import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { runCli } from "../../src/run-cli.ts";
import { RecordingTerminal } from "../recording-terminal.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

const running: ChildProcess[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
});

function anyqueue(...args: readonly string[]) {
  const child = spawn(process.execPath, ["--conditions=@anyqueue/source", MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  const lines = createInterface({ input: child.stdout });
  return { child, firstLine: once(lines, "line").then(([line]) => String(line)) };
}

test.each(["SIGINT", "SIGTERM"] as const)(
  "the first line is JSON, the server answers, and %s ends it cleanly",
  async (signal) => {
    const { child, firstLine } = anyqueue("up", "--json");
    const { sqs } = JSON.parse(await firstLine);
    expect(sqs.env).toMatchObject({ AWS_ENDPOINT_URL_SQS: sqs.endpoint, AWS_ACCESS_KEY_ID: "anyqueue" });
    const response = await fetch(`${sqs.endpoint}/?Action=CreateQueue&QueueName=orders`);
    expect(response.status).toBe(200);
    const exited = once(child, "exit");
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
  },
);

async function up(...args: readonly string[]) {
  const terminal = new RecordingTerminal();
  const ended = runCli(["up", ...args], terminal);
  await terminal.untilPrinted();
  terminal.stop();
  expect(await ended).toBe(0);
  return terminal;
}

test("lines to copy are printed for people", async () => {
  const { printed, warned } = await up();
  const text = printed.join("\n");
  expect(text).toMatch(/SQS {6}http:\/\/127\.0\.0\.1:[0-9]+/);
  expect(text).toMatch(/^export AWS_ENDPOINT_URL_SQS=http:\/\/127\.0\.0\.1:[0-9]+$/m);
  expect(text).toContain("export AWS_REGION=us-east-1");
  expect(warned).toEqual([]);
});

test("a port that was asked for is the port that is used", async () => {
  const free = JSON.parse((await up("--json")).printed[0] ?? "").sqs.endpoint;
  const port = new URL(free).port;
  const { printed } = await up("--json", "--sqs-port", port);
  expect(JSON.parse(printed[0] ?? "").sqs.endpoint).toBe(`http://127.0.0.1:${port}`);
});

test("a Pub/Sub port that is named starts that server and no other", async () => {
  const free = JSON.parse((await up("--json")).printed[0] ?? "").pubsub.endpoint;
  const { printed } = await up("--json", "--pubsub-port", free.split(":")[1]);
  const servers = JSON.parse(printed[0] ?? "");
  expect(servers.pubsub.endpoint).toBe(free);
  expect(servers.pubsub.env.PUBSUB_EMULATOR_HOST).toBe(free);
  expect(servers.sqs).toBeUndefined();
  expect((await up("--pubsub-port", "0")).printed.join("\n")).toMatch(/Pub\/Sub {2}127\.0\.0\.1:[0-9]+/);
});

test("an address beyond loopback is a loud warning", async () => {
  const { warned } = await up("--host", "0.0.0.0");
  expect(warned.join("\n")).toContain("WARNING: the servers listen on 0.0.0.0, not only on loopback.");
});
