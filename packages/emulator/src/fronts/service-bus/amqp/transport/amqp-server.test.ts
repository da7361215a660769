import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { AmqpServer, type AttachHandler } from "./amqp-server.ts";
import { AMQP_FRAME, AMQP_PROTOCOL, frameBytes, headerBytes } from "./frame-reader.ts";
import { bareTerminus } from "./terminus.ts";
import { attachFrame, beginFrame, openFrame } from "./write-performative.ts";

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Timing = ConstructorParameters<typeof AmqpServer>[1];

/** A client that has sent nothing yet. */
async function connectClient(
  timing: Timing,
  onAttach: AttachHandler = () => undefined,
): Promise<{ readonly server: AmqpServer; readonly client: Socket }> {
  const server = new AmqpServer(onAttach, timing);
  const listener = createServer((socket) => server.accept(socket));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const client = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  closers.push(() => {
    client.destroy();
    listener.close();
  });
  return { server, client };
}

/** A client that has opened its connection and then sends nothing more by itself. */
async function openClient(
  timing: Timing,
  onAttach?: AttachHandler,
): Promise<{ readonly server: AmqpServer; readonly client: Socket; readonly heard: () => string }> {
  const { server, client } = await connectClient(timing, onAttach);
  const chunks: Buffer[] = [];
  client.on("data", (chunk: Buffer) => chunks.push(chunk));
  const heard = (): string => Buffer.concat(chunks).toString("latin1");
  client.write(headerBytes(AMQP_PROTOCOL));
  const open = { containerId: "c", hostname: "h", maxFrameSize: 65_536, channelMax: 10, idleMs: 0 };
  client.write(frameBytes(AMQP_FRAME, 0, openFrame(open)));
  await expect.poll(() => heard().length, { interval: 5 }).toBeGreaterThan(8);
  return { server, client, heard };
}

test("a client that does not answer a close frame is cut off", async () => {
  const { server, client } = await openClient({ farewellMs: 20 });
  server.closeAll();
  await once(client, "close");
  await expect.poll(() => server.connections(), { interval: 5 }).toEqual([]);
});

test("a client that is silent for too long leaves nothing behind", async () => {
  const { server, heard } = await openClient({ heartbeatMs: 5, silenceMs: 20, farewellMs: 20 });
  await expect.poll(() => server.connections(), { interval: 5 }).toEqual([]);
  expect(heard()).toContain("amqp:connection:forced");
});

test("a client that never opens its connection is cut off, even if it keeps sending", async () => {
  const { server, client } = await connectClient({ openingMs: 20 });
  // The client's last write may fail, which does not matter here.
  client.on("error", () => {}).resume();
  const closed = new Promise((resolve) => client.once("close", resolve));
  client.write(headerBytes(AMQP_PROTOCOL));
  const talking = setInterval(() => client.write(frameBytes(AMQP_FRAME, 0)), 5);
  closers.push(() => clearInterval(talking));
  await closed;
  await expect.poll(() => server.connections(), { interval: 5 }).toEqual([]);
});

test("a bug of the emulator ends the connection that meets it, and nothing else", async () => {
  const { server, client, heard } = await openClient({ farewellMs: 20 }, () => {
    throw new Error("a bug");
  });
  client.write(frameBytes(AMQP_FRAME, 0, beginFrame(0, 100)));
  const attach = { name: "l", handle: 0, isReceiver: true, senderSettleMode: 2, receiverSettleMode: 0 };
  const termini = { source: bareTerminus("source", "orders"), target: bareTerminus("target") };
  client.write(frameBytes(AMQP_FRAME, 0, attachFrame({ ...attach, ...termini })));
  await once(client, "close");
  expect(heard()).toContain("amqp:internal-error");
  expect(server.connections()).toEqual([]);
});
