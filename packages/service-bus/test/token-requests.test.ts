import type { ConsumerDriver } from "@anyqueue/core/adapter";
import { expect, test } from "vitest";
import { guardLinkCloses } from "../src/guard-link-closes.ts";
import { consumerOptions, never, present } from "./open-adapter.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

/** Longer than any step takes here, and far below the minute that the SDK waits. */
const SOON_MS = 10_000;

const shared = useSharedEmulator();

// The SDK (7.9.5) asks for one token at a time. What waits behind the request whose link is detached is then sent on
// that link, and holds up every other link of the client for a minute.
test.each(["", "/$management"])(
  "a token request whose link is detached holds up no other (%j)",
  async (node) => {
    const target = await shared.newQueue();
    await shared.send(target, 1);
    const rule = shared.emulator.faults.add({
      protocol: "service-bus",
      operation: "putToken",
      queue: target.entity + node,
      count: 1,
      action: { kind: "detach" },
    });
    const consumer = shared.keep(shared.adapter.openConsumer(target, consumerOptions()));
    const startedAtMs = performance.now();
    while (!(await opens(consumer)));
    while ((await ask(consumer)) === 0);
    expect(performance.now() - startedAtMs).toBeLessThan(SOON_MS);
    expect(shared.emulator.faults.list().find(({ id }) => id === rule)?.fired).toBe(1);
  },
);

async function opens(consumer: ConsumerDriver<unknown>): Promise<boolean> {
  const opened = present(consumer.open?.(never)).then(() => true);
  return await opened.catch(() => false);
}

/** Returns how many messages came. */
async function ask(consumer: ConsumerDriver<unknown>): Promise<number> {
  const asked = consumer.receiveBatch({ maxItems: 1, waitMs: SOON_MS }, never);
  return (await asked.catch(() => [])).length;
}

test("a token request that nobody answers ends with the other requests, on this connection and on the next", async () => {
  const asked: unknown[] = [];
  const tokens = () => ({
    init: async () => {},
    isOpen: () => true,
    negotiateClaim: async (...args: unknown[]) => void asked.push(args),
  });
  const context = { connection: { createReceiver: async () => ({}) }, cbsSession: tokens() };
  guardLinkCloses({ _connectionContext: context }, never, never);
  for (const replaced of [false, true]) {
    if (replaced) context.cbsSession = tokens();
    await context.cbsSession.negotiateClaim("orders", "t", "jwt", {
      abortSignal: never,
      timeoutInMs: 60_000,
    });
    expect(asked.pop()).toEqual(["orders", "t", "jwt", { abortSignal: never, timeoutInMs: 10_000 }]);
  }
});
