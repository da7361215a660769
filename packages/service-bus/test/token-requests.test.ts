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

/** What the SDK asks for tokens with, as far as it is used. */
function tokensOf(ask: (options: TokenOptions) => Promise<unknown>) {
  return {
    init: async () => {},
    isOpen: () => true,
    negotiateClaim: async (_audience: string, _token: string, _type: string, options: TokenOptions) =>
      await ask(options),
  };
}

interface TokenOptions {
  readonly abortSignal?: AbortSignal;
  readonly timeoutInMs: number;
}

test("a token's answer may take as long as any other, on this connection and on the next", async () => {
  const asked: number[] = [];
  const tokens = () => tokensOf(async ({ timeoutInMs }) => asked.push(timeoutInMs));
  const context = { connection: { createReceiver: async () => ({}) }, cbsSession: tokens() };
  guardLinkCloses({ _connectionContext: context }, never, never);
  for (const next of [context.cbsSession, tokens()]) {
    context.cbsSession = next;
    await next.negotiateClaim("orders", "token", "jwt", { timeoutInMs: 60_000 });
  }
  expect(asked).toEqual([10_000, 10_000]);
});

// The SDK's timer would keep the process alive.
test.each([undefined, never])("no token is awaited when the connection is gone", async (abortSignal) => {
  const asked: TokenOptions[] = [];
  const cbsSession = tokensOf(async (options) => asked.push(options));
  const context = { connection: { createReceiver: async () => ({}) }, cbsSession };
  const over = new AbortController();
  guardLinkCloses({ _connectionContext: context }, never, over.signal);
  const options = { ...(abortSignal === undefined ? {} : { abortSignal }), timeoutInMs: 60_000 };
  await cbsSession.negotiateClaim("orders", "token", "jwt", options);
  expect(asked.map((one) => one.abortSignal?.aborted)).toEqual([false]);
  over.abort();
  expect(asked.map((one) => one.abortSignal?.aborted)).toEqual([true]);
});
