import { once } from "node:events";
import { constants, createServer as createHttp2Server, connect, type ClientHttp2Session } from "node:http2";
import type { IncomingMessage, ServerResponse } from "node:http";
import { bytes, defineQueue, isQueueError, type Message } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { afterEach, expect, test } from "vitest";
import { nodePushRequests } from "../../src/push.ts";
import { pushRequest } from "../../src/testing.ts";
import { listen, TRUSTED } from "./push-bench.ts";

const raw = defineQueue<Uint8Array>("raw", { codec: bytes() });
const BODY = Buffer.from([0, 1, 128, 255]);
const MESSAGE = { body: BODY, attributes: { tenant: "a" } };
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What servers do with a body before a handler sees its request. */
const PARSERS: readonly (readonly [
  string,
  "wrapped" | "unwrapped",
  (request: IncomingMessage) => Promise<object>,
])[] = [
  ["nothing", "wrapped", async () => ({})],
  ["JSON", "wrapped", async (request) => ({ body: JSON.parse(String(await readAll(request))) as unknown })],
  ["text", "wrapped", async (request) => ({ body: String(await readAll(request)) })],
  ["bytes", "unwrapped", async (request) => ({ body: await readAll(request) })],
  [
    "bytes beside something else",
    "unwrapped",
    async (request) => ({ body: {}, rawBody: await readAll(request) }),
  ],
  ["an empty object, without having read anything", "unwrapped", async () => ({ body: {} })],
];

test.each(PARSERS)(
  "a body of which the server made %s comes as it was sent (%s)",
  async (_what, form, parse) => {
    const seen: Message<Uint8Array>[] = [];
    const handler = createHandler(raw, nodePushRequests(TRUSTED), (message) => void seen.push(message));
    const url = await listen(async (request, response) => {
      await handler(Object.assign(request, await parse(request)), response);
    });
    const response = await fetch(new Request(url, pushRequest(raw, MESSAGE, { form })));
    expect(response.status).toBe(204);
    expect(seen.map(({ body }) => Buffer.from(body))).toEqual([BODY]);
  },
);

test("a body that was read and thrown away is refused, with the reason", async () => {
  const handler = createHandler(raw, nodePushRequests(TRUSTED), () => {});
  const url = await listen(async (request, response) => {
    await readAll(request);
    await handler(request, response);
  });
  const response = await fetch(new Request(url, pushRequest(raw, MESSAGE)));
  expect([response.status, await response.text()]).toEqual([
    400,
    expect.stringContaining("was already read"),
  ]);
});

test("a request that ends before its body does is nobody's to answer, and frees what it held", async () => {
  const arrived = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<void>();
  const handler = createHandler(raw, nodePushRequests({ trustPlatform: true, maxRequests: 1 }), () => {}, {
    listener: {
      "event-refused": ({ error }) => {
        if (isQueueError(error, "CONNECTION_LOST")) lost.resolve();
      },
    },
  });
  const url = await listen(async (request, response) => {
    arrived.resolve();
    await handler(request, response);
  });
  const cut = new AbortController();
  const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from("{")) });
  const request = fetch(url, { method: "POST", body, duplex: "half", signal: cut.signal }).catch(
    () => undefined,
  );
  await arrived.promise;
  expect((await fetch(new Request(url, pushRequest(raw, MESSAGE)))).status).toBe(429);
  cut.abort();
  await request;
  await lost.promise;
  expect((await fetch(new Request(url, pushRequest(raw, MESSAGE)))).status).toBe(204);
});

async function http2Session(
  handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<ClientHttp2Session> {
  const server = createHttp2Server((request, response) => {
    void handler(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const session = connect(
    `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
  );
  closers.push(() => {
    session.close();
    server.close();
  });
  return session;
}

test("a push over HTTP/2 has the same attributes", async () => {
  const seen: Message<Uint8Array>[] = [];
  const handler = createHandler(raw, nodePushRequests(TRUSTED), (message) => void seen.push(message));
  const session = await http2Session(handler);
  const push = pushRequest(raw, MESSAGE, { form: "unwrapped" });
  const stream = session.request({ ":method": "POST", ":path": "/", ...Object.fromEntries(push.headers) });
  stream.end(Buffer.from(await push.arrayBuffer()));
  const [headers] = (await once(stream, "response")) as [Readonly<Record<string, unknown>>];
  expect(headers[":status"]).toBe(204);
  expect(seen[0]?.attributes).toEqual({ tenant: "a" });
});

test("a push over HTTP/2 that is cut off in its body is not handled, and is when it comes whole", async () => {
  const seen: Buffer[] = [];
  const refused = Promise.withResolvers<unknown>();
  const handler = createHandler(
    raw,
    nodePushRequests(TRUSTED),
    ({ body }) => void seen.push(Buffer.from(body)),
    { listener: { "event-refused": ({ error }) => refused.resolve(error) } },
  );
  const arrived = Promise.withResolvers<void>();
  const session = await http2Session(async (request, response) => {
    request.once("data", () => arrived.resolve());
    await handler(request, response);
  });
  const push = pushRequest(raw, MESSAGE, { form: "unwrapped" });
  const headers = { ":method": "POST", ":path": "/", ...Object.fromEntries(push.headers) };
  const half = session.request(headers);
  half.on("error", () => {});
  half.write(BODY.subarray(0, 2));
  await arrived.promise;
  half.close(constants.NGHTTP2_CANCEL);
  expect(await refused.promise).toMatchObject({ code: "CONNECTION_LOST" });
  const whole = session.request(headers);
  whole.end(BODY);
  await once(whole, "response");
  expect(seen).toEqual([BODY]);
});

test("a push over HTTP/2 that is refused before its body came is answered without a warning", async () => {
  const warned: string[] = [];
  const note = ({ message }: Error): void => void warned.push(message);
  process.on("warning", note);
  closers.push(() => process.off("warning", note));
  const handler = createHandler(raw, nodePushRequests({ ...TRUSTED, maxBodyBytes: 1 }), () => {});
  const session = await http2Session(handler);
  const stream = session.request({ ":method": "POST", ":path": "/", "content-length": "2" });
  const [headers] = (await once(stream, "response")) as [Readonly<Record<string, unknown>>];
  stream.end("{}");
  stream.resume();
  await once(stream, "close");
  expect([headers[":status"], warned]).toEqual([413, []]);
});
