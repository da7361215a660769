import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startConnectProxy, type ConnectProxy } from "../../emulator/test/support/connect-proxy.ts";
import { never, openAdapter, outgoing, queueOf } from "./open-adapter.ts";

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL("over-web-sockets.ts", import.meta.url));

let emulator: Emulator;
let folder: string;
let proxy: ConnectProxy;

beforeEach(async () => {
  emulator = await startEmulator({
    serviceBusPort: 0,
    serviceBusConfig: { UserConfig: { Namespaces: [{ Queues: [{ Name: "orders" }] }] } },
  });
  proxy = await startConnectProxy();
  folder = await mkdtemp(join(tmpdir(), "anyqueue-test-"));
  await writeFile(join(folder, "ca.pem"), emulator.serviceBus.certificateAuthority());
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await proxy.close();
  await emulator.close();
  await rm(folder, { recursive: true, force: true });
});

/** From Node.js 24.5 and 22.21 on: https://nodejs.org/api/http.html#built-in-proxy-support (2026-11-30) */
const readsProxies = process.allowedNodeEnvironmentFlags.has("--use-env-proxy");

test.runIf(readsProxies)(
  "AMQP in WebSockets goes through the proxy that Node.js is told to use",
  async () => {
    const endpoint = emulator.endpoints.serviceBus ?? "";
    const proxied = { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: proxy.url, NO_PROXY: "", no_proxy: "" };
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"), ...proxied };
    const args = ["--conditions=@anyqueue/source", PROGRAM, "adapter", endpoint];
    const { stdout } = await run(process.execPath, args, { env, timeout: 58_000 });
    expect(JSON.parse(stdout)).toMatchObject({ received: ["first", "cut", "after"], cut: "sent" });
    expect(new Set(proxy.asked)).toEqual(new Set([endpoint]));
  },
);

test("AMQP alone knows no proxy, and the error of a host that is not reached says so", async () => {
  vi.stubEnv("NODE_USE_ENV_PROXY", "1");
  vi.stubEnv("HTTPS_PROXY", proxy.url);
  const adapter = openAdapter("amqps://namespace.company.invalid");
  const [result] = await adapter.openProducer(queueOf(adapter)).sendBatch([outgoing("1")], never);
  const { code, remedy } = adapter.classify(result?.ok === false ? result.error : undefined, "send");
  expect([code, remedy]).toEqual([
    "CONNECTION_LOST",
    expect.stringMatching(/HTTPS_PROXY is set: .*WebSockets/),
  ]);
  expect(proxy.asked).toEqual([]);
  await adapter.close();
});
