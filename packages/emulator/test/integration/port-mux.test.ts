import { once } from "node:events";
import { request } from "node:https";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { createHttpServer } from "../../src/http/http-listener.ts";
import { makeCertificate } from "../../src/net/make-certificate.ts";
import { startPortMux, type MuxOptions } from "../../src/net/port-mux.ts";

const AMQP_HEADER = Buffer.from("AMQP\u0003\u0001\u0000\u0000");
const CERTIFICATE = makeCertificate("127.0.0.1", Date.now());

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** A port that echoes AMQP, and whose HTTP server answers with what was requested. */
async function openMux(options: Partial<MuxOptions> = {}) {
  const http = createHttpServer(async (exchange) => {
    exchange.answer({ status: 200, headers: {}, body: `${exchange.method} ${exchange.target.pathname}` });
  });
  const takers = {
    amqp: (socket: Socket) => void socket.pipe(socket),
    http: (socket: Socket) => void http.emit("connection", socket),
  };
  const mux = await startPortMux("127.0.0.1", 0, takers, { certificate: () => CERTIFICATE, ...options });
  closers.push(mux.close);
  return mux;
}

function open(port: number): Socket {
  return connect({ port, host: "127.0.0.1", noDelay: true });
}

async function firstBytes(socket: Socket): Promise<string> {
  const [bytes] = await once(socket, "data");
  return String(bytes);
}

async function overHttps(port: number): Promise<string> {
  const asked = request({ port, host: "127.0.0.1", path: "/orders", ca: CERTIFICATE.ca, agent: false });
  asked.end();
  const [response] = await once(asked, "response");
  return await firstBytes(response);
}

describe("a port for several protocols", () => {
  test("hands on AMQP with its first bytes", async () => {
    const { port } = await openMux();
    const socket = open(port);
    socket.write(AMQP_HEADER);
    expect(await firstBytes(socket)).toBe(AMQP_HEADER.toString());
  });

  test("hands on AMQP whose header comes byte by byte", async () => {
    const { port } = await openMux();
    const socket = open(port);
    await once(socket, "connect");
    for (const byte of AMQP_HEADER.subarray(0, 4)) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(await firstBytes(socket)).toBe("AMQP");
  });

  test("answers HTTP", async () => {
    const { port } = await openMux();
    const response = await fetch(`http://127.0.0.1:${port}/orders`, { method: "DELETE" });
    expect(await response.text()).toBe("DELETE /orders");
  });

  test("answers HTTP inside TLS under a certificate that its authority vouches for", async () => {
    const { port } = await openMux();
    expect(await overHttps(port)).toBe("GET /orders");
  });

  test("hands on AMQP inside TLS", async () => {
    const { port } = await openMux();
    const socket = connectTls({ port, host: "127.0.0.1", ca: CERTIFICATE.ca });
    await once(socket, "secureConnect");
    socket.write(AMQP_HEADER);
    expect(await firstBytes(socket)).toBe(AMQP_HEADER.toString());
  });

  test("makes no certificate before somebody wants TLS, and then one", async () => {
    let made = 0;
    const certificate = () => {
      made += 1;
      return CERTIFICATE;
    };
    const { port } = await openMux({ certificate });
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(made).toBe(0);
    await overHttps(port);
    await overHttps(port);
    expect(made).toBe(1);
  });

  test("a client that does not trust the authority is not served", async () => {
    const { port } = await openMux();
    const socket = connectTls({ port, host: "127.0.0.1" });
    const [error] = await once(socket, "error");
    expect(error).toMatchObject({ code: "SELF_SIGNED_CERT_IN_CHAIN" });
    expect(await overHttps(port)).toBe("GET /orders");
  });
});

describe("a useless connection", () => {
  test.each(["nothing at all", "AM"])("is closed after a while when it says %s", async (said) => {
    const { port } = await openMux({ patienceMs: 20 });
    const socket = open(port);
    if (said === "AM") socket.write(said);
    expect(await once(socket, "close")).toBeDefined();
  });

  test("is closed after a while when it stays silent inside TLS", async () => {
    const { port } = await openMux({ patienceMs: 200 });
    const socket = connectTls({ port, host: "127.0.0.1", ca: CERTIFICATE.ca });
    expect(await once(socket, "close")).toBeDefined();
  });

  test("is closed at once when it speaks something else", async () => {
    const { port } = await openMux();
    const socket = open(port);
    socket.write(Buffer.of(0, 1, 2, 3));
    expect(await once(socket, "close")).toBeDefined();
  });

  test("is closed when it ends before its first bytes", async () => {
    const { port } = await openMux();
    const socket = open(port);
    socket.end("AM");
    expect(await once(socket, "close")).toBeDefined();
  });

  test("is closed on a TLS-only port when it uses no TLS", async () => {
    const { port } = await openMux({ accepts: "tls" });
    expect(await overHttps(port)).toBe("GET /orders");
    const socket = open(port);
    socket.write(AMQP_HEADER);
    expect(await once(socket, "close")).toBeDefined();
  });

  test("a quick connection is served while a silent one waits, and closing ends both", async () => {
    const { port, close } = await openMux();
    const silent = open(port);
    await once(silent, "connect");
    const quick = open(port);
    quick.write(AMQP_HEADER);
    expect(await firstBytes(quick)).toBe(AMQP_HEADER.toString());
    const gone = Promise.all([once(silent, "close"), once(quick, "close")]);
    await close();
    await gone;
  });
});
