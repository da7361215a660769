import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { SdkClient, SdkMessage, SdkReceiver } from "./app-packages-types.ts";
import { SettlingPump, type SettlingPumpOptions } from "./settling-pump.ts";

const NEVER = new AbortController().signal;

/** Sessions with one message each, handed out one after the other, as the service does. */
function clientOf(sessions: readonly string[]): {
  client: SdkClient;
  closed: string[];
  abandoned: string[];
} {
  const free = [...sessions];
  const closed: string[] = [];
  const abandoned: string[] = [];
  const acceptNextSession = async (): Promise<SdkReceiver> => {
    const sessionId = free.shift();
    // The service waits before it reports that.
    await nextTurn();
    if (sessionId === undefined) throw Object.assign(new Error("no session"), { code: "ServiceTimeout" });
    const messages: SdkMessage[] = [{ body: "", messageId: sessionId, lockToken: sessionId }];
    const receiver = {
      sessionId,
      receiveMessages: async () => messages.splice(0, 1),
      abandonMessage: async () => void abandoned.push(sessionId),
      close: async () => void closed.push(sessionId),
    };
    return receiver as unknown as SdkReceiver;
  };
  return { client: { acceptNextSession } as unknown as SdkClient, closed, abandoned };
}

const OPTIONS: Omit<SettlingPumpOptions, "client" | "onBatch"> = {
  entity: "orders",
  hasSessions: true,
  batchSize: 1,
  maxConcurrency: 1,
  keepsLocks: false,
  isOnce: true,
  onWarning: () => {},
};

test("a session that is done is followed by the next one before a run ends", async () => {
  const { client, closed } = clientOf(["a", "b", "c"]);
  const called: unknown[] = [];
  const onBatch: SettlingPumpOptions["onBatch"] = async ([held]) => void called.push(held?.sessionId);
  await new SettlingPump({ ...OPTIONS, client, onBatch }).run(NEVER);
  expect(called).toEqual(["a", "b", "c"]);
  expect(closed).toEqual(["a", "b", "c"]);
});

test("a call that cannot be made ends the run, and gives back what it has", async () => {
  const { client, closed, abandoned } = clientOf(["a", "b"]);
  const onBatch: SettlingPumpOptions["onBatch"] = async () => {
    throw new Error("the app did not start");
  };
  const run = new SettlingPump({ ...OPTIONS, client, onBatch, isOnce: false }).run(NEVER);
  await expect(run).rejects.toThrow("the app did not start");
  expect(abandoned).toEqual(["a"]);
  expect(closed).toEqual(["a"]);
});

test("so do the pollers beside it", async () => {
  const { client } = clientOf(["a"]);
  const onBatch: SettlingPumpOptions["onBatch"] = async () => {
    throw new Error("the app did not start");
  };
  const pump = new SettlingPump({ ...OPTIONS, client, onBatch, isOnce: false, maxConcurrency: 2 });
  await expect(pump.run(NEVER)).rejects.toThrow("the app did not start");
});

test.each([
  ["is given back", false, ["a"]],
  // With its session, which does not count as a delivery.
  ["is left to its session", true, []],
])("a message that comes after the run was stopped %s, unseen", async (_what, hasSessions, expected) => {
  const stop = new AbortController();
  const abandoned: unknown[] = [];
  const closed: unknown[] = [];
  const messages: SdkMessage[] = [{ body: "", messageId: "a" }];
  const receiver = {
    receiveMessages: async () => {
      stop.abort();
      return messages.splice(0, 1);
    },
    abandonMessage: async ({ messageId }: SdkMessage) => void abandoned.push(messageId),
    close: async () => void closed.push("receiver"),
  } as unknown as SdkReceiver;
  const client = { createReceiver: () => receiver, acceptNextSession: async () => receiver };
  const called: unknown[] = [];
  const onBatch: SettlingPumpOptions["onBatch"] = async (held) => void called.push(...held);
  const options = { ...OPTIONS, hasSessions, isOnce: false, onBatch };
  await new SettlingPump({ ...options, client: client as unknown as SdkClient }).run(stop.signal);
  expect({ called, abandoned, closed }).toEqual({ called: [], abandoned: expected, closed: ["receiver"] });
});

/** A service that takes longer to deliver than a receive request waits, but shows what it has. */
function slowClient(messages: SdkMessage[]): SdkClient {
  const receiver = {
    receiveMessages: async (max: number, { maxWaitTimeInMs }: { readonly maxWaitTimeInMs: number }) => {
      await nextTurn();
      return maxWaitTimeInMs > 1_000 ? messages.splice(0, max) : [];
    },
    peekMessages: async () => [{ body: "", state: "scheduled" }, ...messages],
    close: async () => {},
  };
  return { createReceiver: () => receiver as unknown as SdkReceiver } as unknown as SdkClient;
}

test("a run takes no service for empty that is slow", async () => {
  const client = slowClient([
    { body: "", messageId: "a", state: "active" },
    { body: "", messageId: "b", state: "active" },
  ]);
  const called: unknown[] = [];
  const onBatch: SettlingPumpOptions["onBatch"] = async ([held]) => void called.push(held?.message.messageId);
  await new SettlingPump({ ...OPTIONS, hasSessions: false, client, onBatch }).run(NEVER);
  expect(called).toEqual(["a", "b"]);
});

test("a run ends although others keep what the service shows", async () => {
  const client = slowClient([]);
  const [receiver] = [client.createReceiver("orders")];
  Object.assign(receiver ?? {}, { peekMessages: async () => [{ body: "", state: "active" }] });
  const onBatch: SettlingPumpOptions["onBatch"] = async () => {};
  await expect(
    new SettlingPump({ ...OPTIONS, hasSessions: false, client, onBatch }).run(NEVER),
  ).resolves.toBeUndefined();
});
