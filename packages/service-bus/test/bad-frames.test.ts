import { afterEach, beforeEach, expect, test } from "vitest";
import { AmqpTap } from "./amqp-tap.ts";
import { frame } from "./fed-connection.ts";
import {
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  queueOf,
  receive,
  until,
  valuesOf,
} from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();
let tap: AmqpTap;

beforeEach(async () => {
  tap = await AmqpTap.start(shared.endpoint, true);
});
afterEach(async () => await tap.close());

function frameOf(size: number, dataOffset = 2): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(size);
  bytes[4] = dataOffset;
  return bytes;
}

const BAD_FRAMES: readonly (readonly [string, Buffer])[] = [
  ["of two gigabytes", frameOf(0x7f_ff_ff_ff)],
  ["larger than was agreed", frameOf(2_000_000)],
  ["of no bytes", frameOf(0)],
  ["shorter than its header", frameOf(5)],
  ["with its body inside its header", frameOf(16, 1)],
  ["with its body beyond its end", frameOf(16, 200)],
  ["with nonsense in it", frame(Buffer.of(0x00, 0x53, 0x14, 0xc0, 0xff, 0xff, 1, 2, 3))],
];

test.each(BAD_FRAMES)("a frame %s ends the connection at once, and the next one works", async (_, bad) => {
  const { entity } = await shared.newQueue();
  const adapter = shared.keep(openAdapter(tap.endpoint));
  const target = queueOf(adapter, entity);
  const consumer = shared.keep(adapter.openConsumer(target, consumerOptions()));
  await consumer.open?.(never);
  const producer = shared.keep(adapter.openProducer(target));
  valuesOf(await producer.sendBatch([outgoing("first")], never));
  await receive(consumer, 1);
  tap.inject(bad);
  await until(() => tap.sockets.size === 2);
  const [first] = tap.sockets;
  first?.destroy();
  // What is sent in the very moment may be cut off.
  const send = async (): Promise<string> => {
    const [result] = await producer.sendBatch([outgoing("next")], never);
    return result?.ok === false ? adapter.classify(result.error, "send").code : "sent";
  };
  expect(["CONNECTION_LOST", "sent"]).toContain(await send());
  await expect.poll(send).toBe("sent");
  expect(await receive(consumer, 1)).toMatchObject([{ id: "next" }]);
});
