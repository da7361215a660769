import { getEventListeners } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { classifySqsError } from "../src/sqs-errors.ts";
import { SqsHttpHandler, type ExchangeOptions } from "../src/sqs-http-handler.ts";
import { rejection } from "./open-adapter.ts";
import { anyPost } from "./any-post.ts";

const open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

describe("an exchange", () => {
  test("gives status, headers and the whole body, however it is cut into pieces", async () => {
    const { send } = await serve((_request, response) => {
      response.writeHead(202, { "x-one": "a", "set-cookie": ["b=1", "c=2"] });
      response.write("first, ");
      setImmediate(() => response.end("second"));
    });
    const { response } = await send({});
    expect(response.statusCode).toBe(202);
    expect(response.headers).toMatchObject({ "x-one": "a", "set-cookie": "b=1, c=2" });
    expect(Buffer.from(response.body as Uint8Array).toString()).toBe("first, second");
  });

  test("gives an empty body as no bytes", async () => {
    const { send } = await serve((_request, response) => response.writeHead(200).end());
    const { response } = await send({});
    expect(response.body).toHaveLength(0);
  });

  test("sends method, path, query and headers as they are", async () => {
    const seen: unknown[] = [];
    const { send } = await serve((request, response) => {
      seen.push(request.method, request.url, request.headers["x-amz-target"]);
      response.end();
    });
    await send({ query: { a: "1 2", b: ["x", "y"] }, headers: { "x-amz-target": "AmazonSQS.SendMessage" } });
    expect(seen).toEqual(["POST", "/?a=1%202&b=x&b=y", "AmazonSQS.SendMessage"]);
  });

  test.each([
    { "content-length": "2", host: "sqs.example", "X-One": "a" },
    { host: "sqs.example", "X-One": "a" },
    { "content-length": "2", "X-One": "a" },
  ])("sends headers %j with a host and a length, each once", async (headers) => {
    let raw: string[] = [];
    const { send, server } = await serve((request, response) => {
      raw = request.rawHeaders;
      response.end();
    });
    await send({ headers });
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const names = raw.flatMap((name, at) => (at % 2 === 0 ? [name.toLowerCase()] : []));
    const sent = Object.fromEntries(names.map((name, at) => [name, raw[at * 2 + 1]]));
    const { "X-One": one, ...others } = headers;
    expect(sent).toEqual({ host, "content-length": "2", connection: "keep-alive", "x-one": one, ...others });
    expect(names).toHaveLength(Object.keys(sent).length);
  });

  test("refuses a header that would become two", async () => {
    const { send } = await serve((_request, response) => response.end());
    const split = send({ headers: { host: "sqs.example", "x-one": "a\r\nx-two: b" } });
    expect(await rejection(split)).toMatchObject({ code: "ERR_INVALID_CHAR" });
  });

  test.each(["text", "é", "ÿ😀", "", "a\u0000b"])("sends the text %j as UTF-8", async (body) => {
    const bytes: Buffer[] = [];
    const { send } = await serve((request, response) => {
      request.on("data", (chunk: Buffer) => bytes.push(chunk)).on("end", () => response.end());
    });
    await send({ body, headers: { "content-length": String(Buffer.byteLength(body)) } });
    expect(Buffer.concat(bytes)).toEqual(Buffer.from(body));
  });

  test("uses a connection again", async () => {
    const ports = new Set<number | undefined>();
    const { send } = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end();
    });
    for (let count = 0; count < 3; count += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await send({});
    }
    expect(ports.size).toBe(1);
  });
});

describe("an exchange that fails", () => {
  test("with a cut in the middle of the body says so", async () => {
    const { send } = await serve((request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => request.socket.destroy());
    });
    expect(await rejection(send({}))).toMatchObject({ code: "ECONNRESET" });
  });

  test("without a server says so", async () => {
    const { send, server } = await serve(() => {});
    server.close();
    expect(await rejection(send({}))).toMatchObject({ code: "ECONNREFUSED" });
  });

  test("by an abort ends at once and leaves no listener", async () => {
    const arrived = Promise.withResolvers<void>();
    const { send } = await serve(() => arrived.resolve());
    const abort = new AbortController();
    const sending = rejection(send({}, { timeoutMs: 60_000, signal: abort.signal }));
    await arrived.promise;
    abort.abort(new Error("shut down"));
    expect(await sending).toMatchObject({ name: "AbortError", cause: new Error("shut down") });
    expect(getEventListeners(abort.signal, "abort")).toEqual([]);
  });

  test("in any other way leaves no listener on its signal either", async () => {
    const { send } = await serve((request, response) => {
      if (request.url === "/cut") request.socket.destroy();
      else if (request.url !== "/hang") response.end();
    });
    const { signal } = new AbortController();
    await send({}, { timeoutMs: 5_000, signal });
    await rejection(send({ path: "/cut" }, { timeoutMs: 5_000, signal }));
    await rejection(send({ path: "/hang" }, { timeoutMs: 20, signal }));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("by an abort from before sends nothing", async () => {
    let requests = 0;
    const { send } = await serve((_request, response) => {
      requests += 1;
      response.end();
    });
    const signal = AbortSignal.abort();
    expect(await rejection(send({}, { timeoutMs: 60_000, signal }))).toMatchObject({ name: "AbortError" });
    await send({});
    expect(requests).toBe(1);
  });

  test("in the handshake ends after the time of a connection, and was not applied", async () => {
    const silent = createTcpServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    open.push(silent);
    const { port } = silent.address() as AddressInfo;
    const { send } = await serve(() => {}, 20);
    const error = await rejection(send({ protocol: "https:", port }));
    expect(classifySqsError(error, "send")).toMatchObject({ code: "TIMEOUT", ambiguous: false });
  });

  test("by silence ends after its time", async () => {
    const { send } = await serve(() => {});
    expect(await rejection(send({}, { timeoutMs: 20 }))).toMatchObject({ name: "TimeoutError" });
  });
});

interface Served {
  readonly server: Server;
  send(request: object, options?: ExchangeOptions): ReturnType<SqsHttpHandler["handle"]>;
}

async function serve(listener: RequestListener, connectTimeoutMs = 5_000): Promise<Served> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  let current: ExchangeOptions = { timeoutMs: 5_000 };
  const handler = new SqsHttpHandler({ connectTimeoutMs, maxSockets: 4, optionsOf: () => current });
  open.push({
    close() {
      handler.destroy();
      server.closeAllConnections();
      server.close();
    },
  });
  const common = anyPost(port);
  return {
    server,
    async send(request, options = { timeoutMs: 5_000 }) {
      current = options;
      return await handler.handle({ ...common, ...request });
    },
  };
}
