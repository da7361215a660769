import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { resetConnection } from "../../src/net/reset-connection.ts";

/** Handles of sockets that are open, in this whole process. */
const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

test.each([
  ["that its own side has just ended", (socket: Socket) => socket.end()],
  ["that is open", () => {}],
])(
  "the reset of a connection %s leaves no handle, which would keep the process from ending",
  async (...how) => {
    const [, prepare] = how;
    const before = openSockets();
    const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
    const closed = new Promise((resolve) => client.once("close", resolve));
    const [socket] = (await once(server, "connection")) as [Socket];
    prepare(socket);
    resetConnection(socket);
    client.resume();
    await closed;
    server.close();
    await vi.waitFor(() => expect(openSockets()).toBe(before), { timeout: 15_000 });
  },
);
