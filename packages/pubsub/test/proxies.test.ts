import type { QueueAdapter } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startConnectProxy, type ConnectProxy } from "../../emulator/test/support/connect-proxy.ts";
import { consumerOptions, never, openAdapter, outgoing, present, queue, rejection } from "./open-adapter.ts";

// gRPC reads the environment itself. The name has no address: only the proxy can reach it.

const HOST = "pubsub.company.invalid";
let emulator: Emulator;
let proxy: ConnectProxy;
let adapter: QueueAdapter;

beforeEach(async () => {
  emulator = await startEmulator({ pubsubPort: 0 });
  const { port } = new URL(`http://${emulator.endpoints.pubsub}`);
  proxy = await startConnectProxy({ host: "127.0.0.1", port: Number(port) });
  for (const name of ["grpc_proxy", "https_proxy", "http_proxy", "no_proxy", "no_grpc_proxy"])
    vi.stubEnv(name, "");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await adapter.close();
  await proxy.close();
  await emulator.close();
});

function connect(host = HOST): QueueAdapter {
  adapter = openAdapter(`${host}:8085`, { parameters: { plaintext: "allow" } });
  return adapter;
}

test.each(["grpc_proxy", "https_proxy", "http_proxy"])(
  "messages go through the proxy of %s, by themselves",
  async (name) => {
    vi.stubEnv(name, proxy.url);
    const target = queue(connect());
    await present(await adapter.admin?.()).create(target, {}, never);
    expect(await adapter.openProducer(target).sendBatch([outgoing("1")], never)).toMatchObject([
      { ok: true },
    ]);
    const consumer = adapter.openConsumer(target, consumerOptions());
    await consumer.open?.(never);
    const deliveries = await consumer.receiveBatch({ maxItems: 1, waitMs: 5_000 }, never);
    expect(deliveries.map(({ id }) => id)).toEqual(["1"]);
    expect(
      await consumer.ackBatch(
        deliveries.map(({ handle }) => handle),
        never,
      ),
    ).toMatchObject([{ ok: true }]);
    await consumer.close();
    expect(new Set(proxy.asked)).toEqual(new Set([`${HOST}:8085`]));
  },
);

async function refusal(): Promise<readonly unknown[]> {
  const error = await rejection(adapter.openProducer(queue(adapter)).sendBatch([outgoing("1")], never));
  const { code, remedy } = adapter.classify(error, "send");
  return [code, remedy];
}

test("a name in capitals is not read, and the error says so", async () => {
  vi.stubEnv("HTTPS_PROXY", proxy.url);
  connect();
  expect(await refusal()).toEqual([
    "CONNECTION_LOST",
    expect.stringMatching(/HTTPS_PROXY is set: .*in lower case/),
  ]);
  expect(proxy.asked).toEqual([]);
});

test("this machine is asked for through the proxy, too", async () => {
  vi.stubEnv("https_proxy", proxy.url);
  adapter = openAdapter(emulator.endpoints.pubsub);
  expect(
    await rejection(adapter.openProducer(queue(adapter)).sendBatch([outgoing("1")], never)),
  ).toMatchObject({ code: 5 });
  expect(proxy.asked).toEqual([emulator.endpoints.pubsub]);
});

test("a host of no_proxy is asked for itself", async () => {
  vi.stubEnv("https_proxy", proxy.url);
  vi.stubEnv("no_proxy", HOST);
  connect();
  expect(await refusal()).toEqual(["CONNECTION_LOST", expect.stringContaining("https_proxy is set")]);
  expect(proxy.asked).toEqual([]);
});

test("where the proxy itself is gone, the error names its variable", async () => {
  vi.stubEnv("https_proxy", "http://proxy.company.invalid:3128");
  connect();
  expect(await refusal()).toEqual(["CONNECTION_LOST", expect.stringContaining("https_proxy is set")]);
});

test("and where it opens no tunnel, as to an emulator on this machine", async () => {
  const closed = await startConnectProxy();
  await closed.close();
  vi.stubEnv("https_proxy", closed.url);
  adapter = openAdapter(emulator.endpoints.pubsub);
  expect(await refusal()).toEqual([
    "CONNECTION_LOST",
    expect.stringMatching(/https_proxy is set: .*`no_proxy`/),
  ]);
});
