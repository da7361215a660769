import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { runServiceBus } from "../../support/running-service-bus.ts";

// Nagle's algorithm and delayed acknowledgements together cause a wait of 40 ms. It shows only between
// processes, and only as a time, which `pnpm bench -- --only "service-bus"` reports. These tests check what
// prevents it.

/** Collects every socket that a server of this process accepts. */
function takenSockets(): Socket[] {
  const sockets: Socket[] = [];
  const watch = (message: unknown): void => {
    const socket =
      typeof message === "object" && message !== null ? Reflect.get(message, "socket") : undefined;
    if (!(socket instanceof Socket)) return;
    sockets.push(socket);
  };
  subscribe("net.server.socket", watch);
  onTestFinished(() => void unsubscribe("net.server.socket", watch));
  return sockets;
}

test("the front turns Nagle's algorithm off on the socket of every client; the SDK leaves its own on", async () => {
  const setNoDelay = vi.spyOn(Socket.prototype, "setNoDelay");
  const sockets = takenSockets();
  const { namespace, connect } = await runServiceBus();
  namespace.createQueue("orders");
  await connect().createSender("orders").sendMessages({ body: "x" });
  expect(sockets).toHaveLength(1);
  expect(setNoDelay.mock.contexts).toEqual(sockets);
  expect(setNoDelay.mock.calls).toEqual([[true]]);
});

test("a client that only grants credit is answered at once all the same", async () => {
  const { namespace, connect } = await runServiceBus();
  namespace.createQueue("orders");
  const sockets = takenSockets();
  const receiver = connect().createReceiver("orders");
  const received = receiver.receiveMessages(1, { maxWaitTimeInMs: 60_000 });
  await expect.poll(() => sockets.length, { interval: 1 }).toBe(1);
  const [socket] = sockets;
  const sizes: number[] = [];
  const write = socket?.write.bind(socket);
  if (socket === undefined || write === undefined) throw new Error("Nobody connected.");
  vi.spyOn(socket, "write").mockImplementation((bytes) => {
    sizes.push(bytes.length);
    return write(bytes);
  });
  // The flow that grants the credit needs no answer, but an empty frame acknowledges it.
  await expect.poll(() => sizes.includes(8), { interval: 1 }).toBe(true);
  await connect().createSender("orders").sendMessages({ body: "x" });
  expect(await received).toHaveLength(1);
});
