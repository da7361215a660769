import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

/** `meanwhile` runs while the servers are up. */
async function up(args: readonly string[] = [], meanwhile?: (printed: readonly string[]) => Promise<void>) {
  const terminal = new RecordingTerminal();
  const ended = runCli(["up", ...args], terminal);
  await terminal.untilPrinted();
  await meanwhile?.(terminal.printed);
  terminal.stop();
  expect(await ended).toBe(0);
  return terminal;
}

test("lines to copy are printed for people", async () => {
  const { printed, warned } = await up();
  const text = printed.join("\n");
  expect(text).toMatch(/^ {2}SQS {10}http:\/\/127\.0\.0\.1:[0-9]+$/m);
  expect(text).toMatch(/^ {2}Service Bus {2}127\.0\.0\.1:[0-9]+ {2}AMQP, HTTP, with or without TLS$/m);
  expect(text).toMatch(
    /^export ANYQUEUE_SERVICE_BUS_CONNECTION_STRING='Endpoint=sb:\/\/127\.0\.0\.1:[0-9]+;[^']+'$/m,
  );
  expect(text).toMatch(/^export AWS_ENDPOINT_URL_SQS=http:\/\/127\.0\.0\.1:[0-9]+$/m);
  expect(text).toContain("export AWS_REGION=us-east-1");
  expect(text).toMatch(/^export ANYQUEUE_URL='sqs:\/\/us-east-1\?endpoint=http:\/\/127\.0\.0\.1:[0-9]+'$/m);
  expect(text).toMatch(
    /^# or: export ANYQUEUE_URL='service-bus:\/\/emulator\?endpoint=127\.0\.0\.1:[0-9]+'$/m,
  );
  expect(text).toMatch(/^# or: export ANYQUEUE_URL='pubsub:\/\/[\w-]+\?endpoint=127\.0\.0\.1:[0-9]+'$/m);
  expect(warned).toEqual([]);
});

test("a port that was asked for is the port that is used", async () => {
  const free = JSON.parse((await up(["--json"])).printed[0] ?? "").sqs.endpoint;
  const port = new URL(free).port;
  const { printed } = await up(["--json", "--sqs-port", port]);
  expect(JSON.parse(printed[0] ?? "").sqs.endpoint).toBe(`http://127.0.0.1:${port}`);
});

test("a Pub/Sub port that is named starts that server and no other", async () => {
  const free = JSON.parse((await up(["--json"])).printed[0] ?? "").pubsub.endpoint;
  const { printed } = await up(["--json", "--pubsub-port", free.split(":")[1]]);
  const servers = JSON.parse(printed[0] ?? "");
  expect(servers.pubsub.endpoint).toBe(free);
  expect(servers.pubsub.env.PUBSUB_EMULATOR_HOST).toBe(free);
  expect(`${servers.pubsub.env.ANYQUEUE_EMULATOR}/__anyqueue`).toBe(servers.control.endpoint);
  expect(servers.sqs).toBeUndefined();
  expect((await up(["--pubsub-port", "0"])).printed.join("\n")).toMatch(/Pub\/Sub {2}127\.0\.0\.1:[0-9]+/);
});

test("an address beyond loopback is a loud warning", async () => {
  const { warned } = await up(["--host", "0.0.0.0"]);
  expect(warned.join("\n")).toContain("WARNING: the servers listen on 0.0.0.0, not only on loopback.");
});

test("only the servers start whose ports are named", async () => {
  const { printed } = await up(["--json", "--service-bus-port", "0"]);
  const { serviceBus, ...others } = JSON.parse(printed[0] ?? "");
  expect(Object.keys(others)).toEqual(["control"]);
  expect(serviceBus).toEqual({
    endpoint: expect.stringMatching(/^127\.0\.0\.1:[0-9]+$/),
    url: `service-bus://emulator?endpoint=${serviceBus.endpoint}`,
    connectionString: `Endpoint=sb://${serviceBus.endpoint};SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=anyqueue;UseDevelopmentEmulator=true`,
    env: { ANYQUEUE_SERVICE_BUS_CONNECTION_STRING: serviceBus.connectionString },
  });
});

test("with a port for TLS the authority is in a file while the servers are up", async () => {
  let file = "";
  await up(["--json", "--service-bus-tls-port", "0"], async (printed) => {
    const { tlsEndpoint, caFile, env } = JSON.parse(printed[0] ?? "").serviceBus;
    file = caFile;
    expect(env).toMatchObject({ NODE_EXTRA_CA_CERTS: caFile });
    const address = `https://${tlsEndpoint}/$namespaceinfo`;
    const asked = request(address, { ca: await readFile(caFile) });
    asked.end();
    const [response] = await once(asked, "response");
    expect(response.statusCode).toBe(200);
    asked.destroy();
  });
  await expect(stat(file)).rejects.toMatchObject({ code: "ENOENT" });
});

describe("entities from a file", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "anyqueue-test-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function configFile(content: string): Promise<string> {
    const file = join(folder, "service-bus.json");
    await writeFile(file, content);
    return file;
  }

  test("are there when the server is up", async () => {
    const config = { UserConfig: { Namespaces: [{ Name: "ns", Queues: [{ Name: "orders" }] }] } };
    const file = await configFile(`\uFEFF${JSON.stringify(config)}`);
    await up(["--json", "--service-bus-config", file], async (printed) => {
      const { control } = JSON.parse(printed[0] ?? "");
      const response = await fetch(`${control.endpoint}/service-bus/entities`);
      expect(await response.json()).toMatchObject({ entities: [{ kind: "queue", path: "orders" }] });
    });
  });

  test.each([
    ["a file that is no JSON", "{", 2, /is not JSON: /],
    [
      "a member that is not known",
      `{"Queues":[]}`,
      1,
      /Queues in the Service Bus configuration is not known/,
    ],
  ])("%s is refused", async (_name, content, code, message) => {
    const terminal = new RecordingTerminal();
    const file = await configFile(content);
    expect(await runCli(["up", "--service-bus-config", file], terminal)).toBe(code);
    expect(terminal.warned.join("\n")).toMatch(message);
  });

  test.each([
    ["a file that is not there", ["--service-bus-config", "/missing.json"], /cannot be read: ENOENT/],
    [
      "a file without the server",
      ["--sqs-port", "0", "--service-bus-config", "/missing.json"],
      /needs the Service Bus server\. Add --service-bus-port 0\./,
    ],
    [
      "a port that is none",
      ["--service-bus-port", "high"],
      /--service-bus-port must be a port from 0 to 65535/,
    ],
  ])("%s is refused", async (_name, args, message) => {
    const terminal = new RecordingTerminal();
    expect(await runCli(["up", ...args], terminal)).toBe(2);
    expect(terminal.warned.join("\n")).toMatch(message);
  });
});
