import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { field } from "../src/field.ts";
import { writeAtOnce } from "../src/write-at-once.ts";
import {
  consumerOptions,
  never,
  outgoing,
  present,
  queueOf,
  receive,
  sessionQueueOf,
  valuesOf,
} from "./open-adapter.ts";
import { useTappedEmulator } from "./tapped-emulator.ts";

const tapped = useTappedEmulator();

/** Counts the frames in each piece that goes out from now on. */
function piecesOf(native: unknown): { readonly socket: Socket; readonly pieces: number[] } {
  const link = field(field(native, "delivery"), "link");
  const socket = field(field(link, "connection"), "socket") as Socket;
  const pieces: number[] = [];
  const [write, writeAll] = [socket._write.bind(socket), present(socket._writev).bind(socket)];
  socket._write = (chunk, encoding, done) => {
    pieces.push(1);
    write(chunk, encoding, done);
  };
  socket._writev = (chunks, done) => {
    pieces.push(chunks.length);
    writeAll(chunks, done);
  };
  return { socket, pieces };
}

test.each(["stream", "session"])(
  "a settlement of a %s goes out in one piece with the credit for another message",
  async (kind) => {
    const target = kind === "session" ? sessionQueueOf(tapped.adapter, "keyed") : queueOf(tapped.adapter);
    const producer = tapped.keep(tapped.adapter.openProducer(target));
    const messages = ["a", "b"].map((id) => outgoing(id, kind === "session" ? { orderingKey: "k" } : {}));
    const flow = { maxOutstanding: 1, lanes: 1 };
    const consumer = await tapped.consume(target, consumerOptions({ flow }));
    valuesOf(await producer.sendBatch(messages, never));
    const [first] = await receive(consumer, 1);
    const { socket, pieces } = piecesOf(present(first).native);
    valuesOf(await consumer.ackBatch([present(first).handle], never));
    const [second] = await receive(consumer, 1);
    expect([present(second).id, pieces[0], socket.writableCorked]).toEqual(["b", 2, 0]);
  },
);

test.each([undefined, null, {}])("a connection with other insides is left as it is: %o", (connection) => {
  const before = structuredClone(connection);
  writeAtOnce(connection);
  expect(connection).toEqual(before);
});

test("a WebSocket, which cannot wait, is written to as before, and what fails leaves no socket waiting", () => {
  const done: string[] = [];
  const connection: { _process(): void; socket: object } = {
    _process: () => done.push("written"),
    socket: {},
  };
  writeAtOnce(connection);
  connection._process();
  expect(done).toEqual(["written"]);
  const failing = {
    _process: () => {
      throw new Error("full");
    },
    socket: { cork: () => done.push("cork"), uncork: () => done.push("uncork") },
  };
  // As by two adapters that share the connection.
  for (let count = 0; count < 2; count += 1) writeAtOnce(failing);
  expect(() => failing._process()).toThrow("full");
  expect(done).toEqual(["written", "cork", "uncork"]);
});
