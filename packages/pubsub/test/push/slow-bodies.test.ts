import { connect } from "node:net";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { createVirtualClock, type VirtualClock } from "@anyqueue/core/testing";
import { createHandler, type HandlerOptions } from "@anyqueue/serverless";
import { expect, test } from "vitest";
import { nodePushRequests, pushRequests, type PushOptions } from "../../src/push.ts";
import { pushRequest } from "../../src/testing.ts";
import { collecting, listen, orders } from "./push-bench.ts";

const LATE = "the request's body did not arrive before the ack deadline";

/** One place for a message, and a deadline that leaves 29 s until a refusal must be on its way. */
function options(clock: VirtualClock): PushOptions {
  return { trustPlatform: true, maxRequests: 1, ackDeadline: "30s", clock };
}

function handlerOptions(clock: VirtualClock) {
  const { seen, listener } = collecting("event-refused");
  return { refused: seen, more: { clock, listener } satisfies HandlerOptions };
}

test("a body that does not end over fetch is given up while the answer still counts, and frees its place", async () => {
  const clock = createVirtualClock();
  const { refused, more } = handlerOptions(clock);
  const push = createHandler(orders, pushRequests(options(clock)), () => {}, more);
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (stream) => stream.enqueue(Buffer.from('{"message":')),
    cancel: () => cancelled.resolve(),
  });
  const slow = push(new Request("http://localhost/", { method: "POST", body, duplex: "half" }));
  await clock.advance(29_000);
  const answer = await slow;
  expect([answer.status, await answer.text()]).toEqual([408, expect.stringContaining(LATE)]);
  expect(refused).toMatchObject([{ error: { code: "TIMEOUT" } }]);
  // Otherwise the server would go on receiving for nobody.
  await cancelled.promise;
  expect((await push(pushRequest(orders, { body: { orderId: "o-1" } }))).status).toBe(204);
});

test("a body that does not end over node:http is given up, its connection too, and frees its place", async () => {
  const clock = createVirtualClock();
  const { refused, more } = handlerOptions(clock);
  const serve = createHandler(orders, nodePushRequests(options(clock)), () => {}, more);
  const begun = Promise.withResolvers<void>();
  const url = await listen(async (request, response) => {
    const served = serve(request, response);
    begun.resolve();
    await served;
  });
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  const head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
  socket.write(`${head}{"message":`);
  await begun.promise;
  const answer = text(socket);
  await clock.advance(29_000);
  // It ends only because the server ends the connection: the client sends nothing more.
  expect(await answer).toMatch(/^HTTP\/1\.1 408 [^]*did not arrive before/u);
  expect(refused).toMatchObject([{ error: { code: "TIMEOUT" } }]);
  expect((await fetch(new Request(url, pushRequest(orders, { body: { orderId: "o-1" } })))).status).toBe(204);
});

test("a body that ends in time leaves no timer behind", async () => {
  const clock = createVirtualClock();
  const { more } = handlerOptions(clock);
  const push = createHandler(orders, pushRequests(options(clock)), () => {}, more);
  expect((await push(pushRequest(orders, { body: { orderId: "o-1" } }))).status).toBe(204);
  expect(clock.pendingTimers).toBe(0);
});
