import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  never,
  openAdapter,
  outgoing,
  queueOf,
  rawAdministration,
  rawClient,
  valuesOf,
} from "./open-adapter.ts";

/** The start of an attach, and the codes of a short and of a long list. */
const ATTACH = Buffer.from([0x00, 0x53, 0x12]);
const LIST_8 = 0xc0;
/** Fields of an attach before `max-message-size`. */
const FIELDS_BEFORE = 10;
/** Three of these exceed one batch of the Standard tier. */
const BODY_BYTES = 100_000;

let emulator: Emulator;
let relay: Server;
let endpoint: string;

/** A relay to a broker that states its message limit; the relay hides that limit. */
function hideLimits(target: string): Server {
  const [host = "", port = ""] = target.split(":");
  return createServer((client) => {
    const broker = connect(Number(port), host);
    client.pipe(broker);
    broker.on("data", (chunk) => {
      for (let at = chunk.indexOf(ATTACH); at >= 0; at = chunk.indexOf(ATTACH, at + 1)) cutShort(chunk, at);
      client.write(chunk);
    });
    for (const socket of [client, broker])
      socket
        .on("error", () => {})
        .on("close", () => {
          client.destroy();
          broker.destroy();
        });
  });
}

/** Makes the list end before the limit. Its size stays, so that the frame's size stays too. */
function cutShort(frame: Buffer, at: number): void {
  const list = at + ATTACH.length;
  if (frame[list] === LIST_8) frame[list + 2] = FIELDS_BEFORE;
  else frame.writeUInt32BE(FIELDS_BEFORE, list + 5);
}

beforeEach(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
  const target = emulator.endpoints.serviceBus ?? "";
  await rawAdministration(target).createQueue("orders");
  relay = hideLimits(target);
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  endpoint = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await emulator.close();
  await new Promise<void>((resolve) => relay.close(() => resolve()));
});

describe("a peer that does not say how large a message may be", () => {
  test("trap: to a batch of the SDK everything fits", async () => {
    const client = rawClient(endpoint);
    const batch = await client.createSender("orders").createMessageBatch();
    expect(batch.maxSizeInBytes).toBeUndefined();
    for (let count = 0; count < 20; count += 1)
      expect(batch.tryAddMessage({ body: Buffer.alloc(BODY_BYTES) })).toBe(true);
    await client.close();
  });

  test("gets batches of the adapter that are within the limits of the tier", async () => {
    const adapter = openAdapter(endpoint);
    const producer = adapter.openProducer(queueOf(adapter));
    const messages = ["1", "2", "3"].map((id) => ({ ...outgoing(id), body: Buffer.alloc(BODY_BYTES, id) }));
    expect(valuesOf(await producer.sendBatch(messages, never))).toHaveLength(3);
    expect(emulator.log.count("send")).toBe(2);
    await producer.close();
    await adapter.close();
  });
});
