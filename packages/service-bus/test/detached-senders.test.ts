import { expect, test } from "vitest";
import { never, outgoing, valuesOf } from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

/** An open producer whose link is detached at its next send. */
async function detachedAtSend(error: { condition?: string; description?: string } = {}) {
  const target = await shared.newQueue();
  const producer = shared.keep(shared.adapter.openProducer(target));
  await producer.open?.(never);
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "send",
    queue: target.entity,
    count: 1,
    action: { kind: "detach", ...error },
  });
  return producer;
}

test.each([
  ["com.microsoft:server-busy", "CONNECTION_LOST", true],
  ["amqp:link:detach-forced", "CONNECTION_LOST", true],
  ["amqp:link:message-size-exceeded", "MESSAGE_TOO_LARGE", false],
])("a send whose link is closed with %s fails at once, as %s", async (condition, code, isAmbiguous) => {
  const producer = await detachedAtSend({ condition, description: "closed" });
  const startedAtMs = performance.now();
  const results = await producer.sendBatch([outgoing("a"), outgoing("b")], never);
  // The SDK's own answer comes after ten seconds.
  expect(performance.now() - startedAtMs).toBeLessThan(9_000);
  const classes = results.map((result) => !result.ok && shared.adapter.classify(result.error, "send"));
  const expected = { code, retryable: isAmbiguous, ambiguous: isAmbiguous };
  expect(classes).toMatchObject([expected, expected]);
  const sendsAgain = async (): Promise<boolean> => {
    const [result] = await producer.sendBatch([outgoing("c")], never);
    return result?.ok === true;
  };
  await expect.poll(sendsAgain).toBe(true);
});

// The SDK (7.9.5) hears twice that a link has ended: once of the link, once of its session, which it closes
// itself. The second time it closes the link that a send has opened meanwhile, and that send fails after a second.
test("a send right after its link was detached goes over the next link", async () => {
  const producer = await detachedAtSend();
  const [lost] = await producer.sendBatch([outgoing("a")], never);
  expect(lost?.ok).toBe(false);
  valuesOf(await producer.sendBatch([outgoing("b")], never));
});

test("of two sends on a link that is closed for its message's size, none is blamed", async () => {
  const target = await shared.newQueue();
  const producer = shared.keep(shared.adapter.openProducer(target));
  await producer.open?.(never);
  const rule = { protocol: "service-bus", operation: "send", queue: target.entity, count: 1 } as const;
  shared.emulator.faults.add({ ...rule, action: { kind: "hold" } });
  const condition = "amqp:link:message-size-exceeded";
  shared.emulator.faults.add({ ...rule, skip: 1, action: { kind: "detach", condition } });
  const sent = ["a", "b"].map((id) => producer.sendBatch([outgoing(id)], never));
  const results = (await Promise.all(sent)).flat();
  const codes = results.map((result) => !result.ok && shared.adapter.classify(result.error, "send").code);
  expect(codes).toEqual(["CONNECTION_LOST", "CONNECTION_LOST"]);
});
