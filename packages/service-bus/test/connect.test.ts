import { startEmulator } from "@anyqueue/emulator";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectionString } from "./service-bus-harness.ts";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = `
  import { defineQueue } from "@anyqueue/core";
  import { connect } from "@anyqueue/core/auto";
  const client = await connect("service-bus:");
  const orders = defineQueue("orders");
  await client.admin.create(orders);
  const consumer = client.consumer(orders);
  const handled = new Promise((resolve) => void consumer.run(({ body }) => resolve(body)));
  await client.producer(orders).send({ id: "o-1" });
  console.log(JSON.stringify(await handled));
  await client.close();
`;

let emulator: Awaited<ReturnType<typeof startEmulator>>;

beforeAll(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
});

afterAll(async () => {
  await emulator.close();
});

async function run(
  env: Record<string, string>,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const args = ["--conditions=@anyqueue/source", "--input-type=module", "--eval", PROGRAM];
  return await new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: FOLDER, env: { ...process.env, ...env } },
      (_, stdout, stderr) => {
        resolve({ stdout, stderr });
      },
    );
  });
}

test("connect() takes the connection string from the environment, and the process ends by itself", async () => {
  const text = connectionString(emulator.endpoints.serviceBus ?? "");
  expect(await run({ ANYQUEUE_SERVICE_BUS_CONNECTION_STRING: text })).toEqual({
    stdout: '{"id":"o-1"}\n',
    stderr: "",
  });
});

test("a wrong one is named without its key", async () => {
  const text = "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKey=SECRETKEY=";
  const { stderr } = await run({ ANYQUEUE_SERVICE_BUS_CONNECTION_STRING: text });
  expect(stderr).toContain("SharedAccessKeyName is missing");
  expect(stderr).not.toContain("SECRETKEY");
});
