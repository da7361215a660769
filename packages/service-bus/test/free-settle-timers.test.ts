import type { ServiceBusReceiver } from "@azure/service-bus";
import { expect, test } from "vitest";
import { freeSettleTimers } from "../src/free-settle-timers.ts";
import { present, rawClient, until } from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

function heldCount(): number {
  return shared.emulator.log.entries().filter(({ outcome }) => outcome === "held").length;
}

test.each([
  ["pulled from", false],
  ["with sessions", true],
] as const)(
  "trap: a settlement that is never answered holds the process for a minute (a queue %s)",
  async (_what, requiresSession) => {
    const name = await shared.createQueue({ requiresSession });
    const client = shared.keep(rawClient(shared.endpoint));
    await client.createSender(name).sendMessages({ body: "m", sessionId: "s" });
    const receiver: ServiceBusReceiver = requiresSession
      ? await client.acceptNextSession(name)
      : client.createReceiver(name);
    const [message] = await receiver.receiveMessages(1);
    expect(freeSettleTimers(receiver)).toBe(0);
    const held = heldCount();
    shared.emulator.faults.add({
      protocol: "service-bus",
      operation: "complete",
      count: 1,
      action: { kind: "hold" },
    });
    receiver.completeMessage(present(message)).catch(() => undefined);
    await until(() => heldCount() > held);
    expect(freeSettleTimers(receiver)).toBe(1);
  },
);

test.each([
  {},
  { _messageSession: null },
  { _messageSession: { _deliveryDispositionMap: new Map([[1, {}]]) } },
])("a receiver with other insides is left as it is: %j", (receiver) => {
  expect(freeSettleTimers(receiver)).toBe(0);
});
