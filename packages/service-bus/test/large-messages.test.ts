import { bytes, createClient, defineQueue } from "@anyqueue/core";
import { expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import { rawAdministration, rejection } from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

test("a Premium entity is sent what it takes, where the provider was told, and no more", async () => {
  await rawAdministration(shared.endpoint).createQueue("roomy", { maxMessageSizeInKilobytes: 2_048 });
  const url = `service-bus://emulator?endpoint=${shared.endpoint}`;
  const client = shared.keep(createClient(url, [serviceBus({ maxMessageBytes: 4_194_304 })]));
  const roomy = defineQueue("roomy", { codec: bytes() });
  const producer = client.producer(roomy);
  // Together they are more than a batch may have.
  const many = Array.from({ length: 4 }, () => ({ body: new Uint8Array(600_000) }));
  expect(await producer.sendMany([{ body: new Uint8Array(2_000_000) }, ...many])).toHaveLength(5);
  expect(await rejection(producer.send(new Uint8Array(3_000_000)))).toMatchObject({
    code: "MESSAGE_TOO_LARGE",
    limitBytes: 2_097_152,
  });
  expect(await rejection(producer.send(new Uint8Array(5_000_000)))).toMatchObject({
    code: "MESSAGE_TOO_LARGE",
    limitBytes: 4_194_304,
  });
  const [first] = await client.consumer(roomy).receive({ max: 1 });
  expect(first?.body).toHaveLength(2_000_000);
  await first?.ack();
});
