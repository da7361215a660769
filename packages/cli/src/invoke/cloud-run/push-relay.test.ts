import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { PushRelay } from "./push-relay.ts";

test("a client that goes in the middle of its request ends nothing", async () => {
  const answered: string[] = [];
  const relay = new PushRelay({
    path: "/",
    maxConcurrency: 1,
    post: async () => ({ kind: "status", status: 204 }),
    onAnswer: (messageId) => answered.push(messageId),
    isHeld: () => false,
  });
  onTestFinished(() => relay.close());
  const endpoint = await relay.listen();
  const socket = connect(Number(new URL(endpoint).port), "127.0.0.1");
  await once(socket, "connect");
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"message":');
  await expect.poll(() => relay.isIdle, { timeout: 15_000 }).toBe(false);
  socket.destroy();
  await expect.poll(() => relay.isIdle, { timeout: 15_000 }).toBe(true);

  // The run would end with this, and no message would be pushed any more.
  expect(relay.failure).toBeUndefined();
  const body = JSON.stringify({ message: { messageId: "1" } });
  expect((await fetch(endpoint, { method: "POST", body })).status).toBe(204);
  expect(answered).toEqual(["1"]);
});
