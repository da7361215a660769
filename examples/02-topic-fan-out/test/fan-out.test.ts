import { startEmulator } from "@anyqueue/emulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fanOut } from "../src/fan-out.ts";

let emulator: Awaited<ReturnType<typeof startEmulator>>;

beforeAll(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
});

afterAll(async () => {
  await emulator.close();
});

test("every order reaches the subscriptions that it concerns, and no other", async () => {
  const url = `service-bus://emulator?endpoint=${emulator.endpoints.serviceBus ?? ""}`;

  expect(await fanOut(url)).toEqual({
    billing: ["o-1", "o-2", "o-3", "o-4"],
    fraud: ["o-3", "o-4"],
    customs: ["o-2", "o-4"],
  });

  const left = emulator.serviceBus
    .entities()
    .flatMap(({ messages, deadLetters }) => [...messages, ...deadLetters]);
  expect(left).toEqual([]);
});
