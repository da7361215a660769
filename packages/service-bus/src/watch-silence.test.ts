import { EventEmitter } from "node:events";
import { createVirtualClock } from "@anyqueue/core/testing";
import { expect, test } from "vitest";
import { watchSilence, type WatchedSocket } from "./watch-silence.ts";

class FakeSocket extends EventEmitter {
  bytesRead = 0;
  destroyed = false;
  error: unknown;

  destroy(error?: Error): this {
    this.destroyed = true;
    this.error = error;
    this.emit("close");
    return this;
  }
}

function watched() {
  const clock = createVirtualClock();
  const socket = new FakeSocket();
  // The fake has every member that is read; the rest of a socket is not needed.
  watchSilence(socket as unknown as WatchedSocket, clock);
  return { clock, socket };
}

test("a connection on which nothing arrives for 45 s is ended", async () => {
  const { clock, socket } = watched();
  await clock.advance("44s");
  expect(socket.destroyed).toBe(false);
  await clock.advance("2s");
  expect(socket.error).toMatchObject({ message: expect.stringContaining("silent") });
});

test("a sign of life every 30 s is enough", async () => {
  const { clock, socket } = watched();
  for (let beats = 0; beats < 10; beats += 1) {
    await clock.advance("30s");
    socket.bytesRead += 8;
  }
  expect(socket.destroyed).toBe(false);
  await clock.advance("51s");
  expect(socket.destroyed).toBe(true);
});

test("a closed connection is not looked at any more", async () => {
  const { clock, socket } = watched();
  socket.emit("close");
  await clock.advance("5m");
  expect(socket.destroyed).toBe(false);
});
