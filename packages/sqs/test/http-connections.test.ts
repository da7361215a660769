import dns, { type LookupAddress } from "node:dns";
import { createServer } from "node:https";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, onTestFinished, test, type MockInstance, vi } from "vitest";
import { makeCertificate } from "../../emulator/src/net/make-certificate.ts";
import { classifySqsError } from "../src/sqs-errors.ts";
import { rejection } from "./open-adapter.ts";
import { until } from "./scripted-server.ts";
import { ANSWER, connected, peer, type Peer } from "./tcp-peer.ts";

type Found = (error: null, addresses: readonly LookupAddress[]) => void;

afterEach(() => {
  vi.useRealTimers();
});

describe("a connection", () => {
  test("carries one request after the other, each in one piece", async () => {
    const { send, sockets, requests } = await peer(ANSWER);
    for (let count = 0; count < 3; count += 1) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await send()).toBe("{}");
    }
    expect([sockets.length, requests.length]).toEqual([1, 3]);
    expect(requests[0]?.text).toMatch(/^POST \/ HTTP\/1\.1\r\n[^]*\r\n\r\n\{\}$/);
  });

  test.each([
    ["more came than the answer", `${ANSWER}HTTP/1.1 200 OK\r\n`],
    ["the answer said close", ANSWER.replace("\r\n", "\r\nConnection: close\r\n")],
    [
      "its server keeps it for no longer than a moment",
      ANSWER.replace("\r\n", "\r\nKeep-Alive: timeout=1\r\n"),
    ],
  ])("carries no other once %s", async (_, answer) => {
    const { send, sockets } = await peer(answer);
    expect([await send(), await send()]).toEqual(["{}", "{}"]);
    expect(sockets).toHaveLength(2);
  });

  test("is given up when something comes unasked, which answers nothing", async () => {
    const { send, sockets, requests } = await peer(undefined);
    const first = send();
    await until(() => requests.length === 1);
    requests[0]?.socket.write(ANSWER);
    await first;
    const gone = new Promise((resolve) => void sockets[0]?.once("close", resolve));
    sockets[0]?.write(ANSWER.replace("{}", "[]"));
    await gone;
    const second = send();
    await until(() => requests.length === 2);
    expect(requests[1]?.socket).toBe(sockets[1]);
    sockets[1]?.write(ANSWER);
    expect(await second).toBe("{}");
  });

  test("that its server closed while it rested is replaced", async () => {
    const { send, sockets } = await peer(ANSWER);
    await send();
    const gone = new Promise((resolve) => void sockets[0]?.once("close", resolve));
    sockets[0]?.end();
    await gone;
    expect(await send()).toBe("{}");
    expect(sockets).toHaveLength(2);
  });

  // A function that was frozen wakes up with connections that are long gone, without knowing it yet.
  test.each([
    ["used again after a short rest", 14_000, 1],
    ["not used again after a long one", 16_000, 2],
    ["not used again when the clock was set back", -60_000, 2],
  ])("is %s", async (_, restMs, connections) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { send, sockets } = await peer(ANSWER);
    await send();
    vi.setSystemTime(Date.now() + restMs);
    expect(await send()).toBe("{}");
    expect(sockets).toHaveLength(connections);
  });

  test("that was answered before it had taken the whole request carries no other", async () => {
    const { send, sockets, requests } = await peer(undefined);
    const first = send({}, { body: "x".repeat(8_000_000) });
    await until(() => requests.length > 0);
    sockets[0]?.pause().write(ANSWER);
    expect(await first).toBe("{}");
    const second = send();
    await until(() => sockets.length === 2);
    sockets[1]?.write(ANSWER);
    expect(await second).toBe("{}");
  });

  test("with an answer that cannot be read ends, and the request may have been applied", async () => {
    const { send, sockets } = await peer("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
    const error = await rejection(send());
    expect(classifySqsError(error, "send")).toMatchObject({ code: "UNAVAILABLE", ambiguous: true });
    await until(() => sockets[0]?.destroyed === true);
  });

  test("that ends by the time-out of its request takes no answer to another one", async () => {
    const { send, sockets, requests } = await peer(undefined);
    // Long enough for the request to arrive on any machine.
    expect(await rejection(send({ timeoutMs: 1_000 }))).toMatchObject({ name: "TimeoutError" });
    const next = send();
    await until(() => requests.length === 2);
    expect(requests[1]?.socket).toBe(sockets[1]);
    sockets[1]?.write(ANSWER);
    expect(await next).toBe("{}");
  });
});

describe("where all connections are taken", () => {
  test("a request waits for its turn", async () => {
    const { send, sockets, requests } = await peer(undefined, 1);
    const both = Promise.all([send(), send()]);
    await until(() => requests.length === 1);
    sockets[0]?.write(ANSWER);
    await until(() => requests.length === 2);
    sockets[0]?.write(ANSWER);
    expect(await both).toEqual(["{}", "{}"]);
    expect(sockets).toHaveLength(1);
  });

  test("one that is aborted before its turn is never sent", async () => {
    const { send, sockets, requests } = await peer(undefined, 1);
    const abort = new AbortController();
    const first = send();
    const second = rejection(send({ signal: abort.signal }));
    const third = send({}, { path: "/third" });
    await until(() => requests.length === 1);
    abort.abort();
    expect(await second).toMatchObject({ name: "AbortError" });
    sockets[0]?.write(ANSWER);
    await first;
    await until(() => requests.length === 2);
    expect(requests[1]?.text).toMatch(/^POST \/third /);
    sockets[0]?.write(ANSWER);
    await third;
  });

  test("one takes the place of a connection that was cut", async () => {
    const { send, sockets, requests } = await peer(undefined, 1);
    const first = rejection(send());
    const second = send();
    await until(() => requests.length === 1);
    sockets[0]?.destroy();
    expect(await first).toMatchObject({ code: "ECONNRESET" });
    await until(() => requests.length === 2);
    sockets[1]?.write(ANSWER);
    expect(await second).toBe("{}");
  });

  test("the end of the client ends what is under way and what waits", async () => {
    const { send, handler, requests } = await peer(undefined, 1);
    const both = Promise.all([rejection(send()), rejection(send())]);
    await until(() => requests.length === 1);
    handler.destroy();
    expect(await both).toMatchObject([{ code: "ECONNRESET" }, { code: "ECONNRESET" }]);
  });
});

describe("with TLS", () => {
  const certificate = makeCertificate("sqs.example", Date.now());
  const trusted = getCACertificates("default");

  afterEach(() => setDefaultCACertificates(trusted));

  async function secured(): Promise<Pick<Peer, "send"> & { readonly seen: unknown[] }> {
    const seen: unknown[] = [];
    const server = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
      const socket = request.socket as TLSSocket;
      seen.push([socket.servername, socket.alpnProtocol, socket.isSessionReused()]);
      response.writeHead(200, { connection: "close" }).end("{}");
    });
    onTestFinished(() => void server.close());
    return { seen, ...(await connected(server, "https:", 4)) };
  }

  test("the server is asked for by its name, and a second handshake goes on from the first", async () => {
    setDefaultCACertificates([...trusted, certificate.ca]);
    const { send, seen } = await secured();
    const hostname = "localhost";
    expect([await send({}, { hostname }), await send({}, { hostname }), await send()]).toEqual(
      Array.from({ length: 3 }, () => "{}"),
    );
    expect(seen).toEqual([
      ["localhost", "http/1.1", false],
      ["localhost", "http/1.1", true],
      [false, "http/1.1", false],
    ]);
  });

  // https://www.rfc-editor.org/rfc/rfc6066#section-3 (2026-11-30): the name in a handshake has no such dot.
  test("a dot at the end of a name is for the look-up, and the server is not asked for with it", async () => {
    setDefaultCACertificates([...trusted, certificate.ca]);
    const { send, seen } = await secured();
    const lookup = vi.spyOn(dns, "lookup") as unknown as MockInstance<
      (host: string, options: object, found: Found) => void
    >;
    lookup.mockImplementation((_, __, found) => found(null, [{ address: "127.0.0.1", family: 4 }]));
    expect(await send({}, { hostname: "localhost." })).toBe("{}");
    expect(lookup.mock.calls.map(([host]) => host)).toEqual(["localhost."]);
    expect(seen).toEqual([["localhost", "http/1.1", false]]);
  });

  test("a server that nobody vouches for gets no request", async () => {
    const { send, seen } = await secured();
    const error = await rejection(send());
    expect(classifySqsError(error, "send")).toMatchObject({ code: "UNAUTHENTICATED", ambiguous: false });
    expect(seen).toEqual([]);
  });
});
