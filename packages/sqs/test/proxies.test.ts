import { startEmulator, type Emulator } from "@anyqueue/emulator";
import type { QueueAdapter } from "@anyqueue/core/adapter";
import { once } from "node:events";
import { Agent, request, type ClientRequestArgs } from "node:http";
import { Agent as TlsAgent, type RequestOptions } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, createServer, type Server } from "node:tls";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeCertificate } from "../../emulator/src/net/make-certificate.ts";
import { startConnectProxy, type ConnectProxy } from "../../emulator/test/support/connect-proxy.ts";
import {
  adminOf,
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  rejection,
  standard,
} from "./open-adapter.ts";

// Behind a proxy a client looks up no names, so the names in these tests have no address.

const HOST = "sqs.company.invalid";
const certificate = makeCertificate(HOST, Date.now());
let emulator: Emulator;
let secured: Server;
let proxy: ConnectProxy;
let adapter: QueueAdapter | undefined;

beforeEach(async () => {
  emulator = await startEmulator({ sqsPort: 0 });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await adapter?.close();
  adapter = undefined;
  await proxy.close();
  secured?.close();
  await emulator.close();
});

const emulatorPort = (): number => Number(new URL(emulator.endpoints.sqs ?? "").port);

/** Puts the emulator behind TLS and returns the port. */
async function secure(): Promise<number> {
  secured = createServer({ key: certificate.key, cert: certificate.cert }, (socket) => {
    const upstream = connect(emulatorPort(), "127.0.0.1");
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream])
      end.on("error", () => {}).on("close", () => [socket, upstream].forEach((each) => each.destroy()));
  });
  secured.listen(0, "127.0.0.1");
  await once(secured, "listening");
  return (secured.address() as AddressInfo).port;
}

/** Opens a tunnel through the proxy. */
async function tunnel({ host, port }: Pick<ClientRequestArgs, "host" | "port">): Promise<Socket> {
  const asking = request(proxy.url, { method: "CONNECT", path: `${host}:${port}`, agent: false }).end();
  const [, socket] = (await once(asking, "connect")) as [unknown, Socket];
  return socket;
}

type Opened = (error: Error | null, socket: Duplex) => void;

class TunnelAgent extends Agent {
  override createConnection(options: ClientRequestArgs, opened: Opened): undefined {
    void tunnel(options).then((socket) => opened(null, socket));
  }
}

class TlsTunnelAgent extends TlsAgent {
  override createConnection(options: RequestOptions, opened: Opened): undefined {
    void tunnel(options).then((socket) => {
      opened(
        null,
        connectTls({ socket, ca: certificate.ca, servername: String(options.servername ?? options.host) }),
      );
    });
  }
}

async function sendReceiveAck(): Promise<void> {
  const own = adapter as QueueAdapter;
  const target = standard(own);
  await (await adminOf(own)).create(target, {}, never);
  const producer = own.openProducer(target);
  expect(await producer.sendBatch([outgoing("1"), outgoing("2")], never)).toMatchObject([
    { ok: true },
    { ok: true },
  ]);
  const consumer = own.openConsumer(target, consumerOptions());
  const deliveries = await consumer.receiveBatch({ maxItems: 10, waitMs: 1_000 }, never);
  expect(deliveries.map(({ id }) => id)).toEqual(["1", "2"]);
  expect(
    await consumer.ackBatch(
      deliveries.map(({ handle }) => handle),
      never,
    ),
  ).toMatchObject([{ ok: true }, { ok: true }]);
  await consumer.close();
}

test("messages go through a tunnel that an agent of the application opens", async () => {
  proxy = await startConnectProxy({ host: "127.0.0.1", port: emulatorPort() });
  const requestHandler = { httpAgent: new TunnelAgent({ keepAlive: true }) };
  adapter = openAdapter(`http://${HOST}:9324`, {
    parameters: { plaintext: "allow" },
    options: { clientOptions: { requestHandler } },
  });
  await sendReceiveAck();
  expect(new Set(proxy.asked)).toEqual(new Set([`${HOST}:9324`]));
});

test("and through one under TLS", async () => {
  proxy = await startConnectProxy({ host: "127.0.0.1", port: await secure() });
  const requestHandler = { httpsAgent: new TlsTunnelAgent({ keepAlive: true }) };
  adapter = openAdapter(`https://${HOST}`, { options: { clientOptions: { requestHandler } } });
  await sendReceiveAck();
  expect(new Set(proxy.asked)).toEqual(new Set([`${HOST}:443`]));
});

/** Since Node.js 24.5 and 22.21: https://nodejs.org/api/http.html#built-in-proxy-support (2026-11-30) */
const readsProxies = process.allowedNodeEnvironmentFlags.has("--use-env-proxy");

test.runIf(readsProxies)("and by Node's own reading of the environment", async () => {
  proxy = await startConnectProxy({ host: "127.0.0.1", port: await secure() });
  const proxyEnv = { HTTPS_PROXY: proxy.url };
  const requestHandler = {
    httpsAgent: new TlsAgent({ keepAlive: true, ca: certificate.ca, ...{ proxyEnv } }),
  };
  adapter = openAdapter(`https://${HOST}`, { options: { clientOptions: { requestHandler } } });
  await sendReceiveAck();
  expect(new Set(proxy.asked)).toEqual(new Set([`${HOST}:443`]));
});

test("without one nothing is reached, and the error says that a proxy is set and not used", async () => {
  proxy = await startConnectProxy();
  vi.stubEnv("NODE_USE_ENV_PROXY", "1");
  vi.stubEnv("HTTPS_PROXY", proxy.url);
  adapter = openAdapter(`https://${HOST}`);
  const error = await rejection(adapter.openProducer(standard(adapter)).open?.(never));
  const { code, remedy } = adapter.classify(error, "open");
  expect([code, remedy]).toEqual([
    "CONNECTION_LOST",
    expect.stringMatching(/HTTPS_PROXY is set: .*requestHandler/),
  ]);
  expect(proxy.asked).toEqual([]);
});
