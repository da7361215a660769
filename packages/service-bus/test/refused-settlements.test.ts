import type { ConsumerDriver, ItemResult } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { consumerOptions, never, present, receive, rejection, rawClient, valuesOf } from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

type Settle = (consumer: ConsumerDriver<unknown>, handle: unknown) => Promise<readonly ItemResult[]>;

const complete: Settle = (consumer, handle) => consumer.ackBatch([handle], never);
const abandon: Settle = (consumer, handle) =>
  consumer.releaseBatch([{ handle, delayMs: 0, cause: "retry" }], never);
const deadLetter: Settle = async (consumer, handle) =>
  present(await consumer.deadLetterBatch?.([{ handle, reason: "bad", attributes: {} }], never));

/** The next such settlement is refused as a busy namespace refuses it: its lock lives. */
function refuseOnce(operation: string, queue: string): void {
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation,
    queue,
    count: 1,
    action: { kind: "throttle" },
  });
}

function statesIn(name: string): readonly string[] {
  const found = present(shared.emulator.serviceBus.entities().find(({ path }) => path === name));
  return [...found.messages.map(({ state }) => state), ...found.deadLetters.map(() => "dead")];
}

// The service settles the delivery with its refusal, and the lock lives on. The SDK (7.9.5) then takes the message
// for settled, whatever is tried.
describe("a settlement that the service refuses for now", () => {
  test("trap: cannot be repeated with the raw SDK", async () => {
    const target = await shared.newQueue();
    const { entity } = target;
    await shared.send(target, 1);
    const client = shared.keep(rawClient(shared.endpoint));
    const receiver = client.createReceiver(entity);
    const [message] = await receiver.receiveMessages(1);
    refuseOnce("complete", entity);
    expect(await rejection(receiver.completeMessage(present(message)))).toMatchObject({
      code: "ServiceBusy",
    });
    expect(String(await rejection(receiver.completeMessage(present(message))))).toMatch(/already settled/u);
    expect(statesIn(entity)).toEqual(["locked"]);
  });

  describe.each(["stream", "pull"] as const)("of a %s", (mode) => {
    test.each<[string, Settle, readonly string[]]>([
      ["complete", complete, []],
      ["abandon", abandon, ["ready"]],
      ["deadLetter", deadLetter, ["dead"]],
    ])("takes effect when it is repeated: %s", async (operation, settle, after) => {
      const target = await shared.newQueue();
      await shared.send(target, 1);
      const consumer = await shared.consume(target, consumerOptions({ mode }));
      const [delivery] = await receive(consumer, 1);
      // Given back, it would come again at once.
      await consumer.setFlow?.({ maxOutstanding: 0, lanes: 0 }, never);
      refuseOnce(operation, target.entity);
      const [refused] = await settle(consumer, delivery?.handle);
      const error = refused?.ok === false ? refused.error : undefined;
      expect(shared.adapter.classify(error, "ack")).toMatchObject({ code: "THROTTLED", retryable: true });
      valuesOf(await settle(consumer, delivery?.handle));
      expect(statesIn(target.entity)).toEqual(after);
    });
  });
});
