import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { expect, test } from "vitest";
import { NamespaceConnection } from "../src/namespace-connection.ts";
import { takeMessages } from "../src/take-messages.ts";

const nothing = (): never => {
  throw new Error("nobody connects");
};
const connection = new NamespaceConnection({ client: nothing, administration: nothing, isForeign: false });

/** Makes a receiver that brings its message only to callers that wait for longer than `ms`. */
function receiverThatTakes(ms: number): {
  receiver: Parameters<typeof takeMessages>[1];
  waits: (number | undefined)[];
} {
  const message = { body: "late" } as ServiceBusReceivedMessage;
  const waits: (number | undefined)[] = [];
  const receiver = {
    receiveMessages: async (_max: number, options?: { readonly maxWaitTimeInMs?: number }) => {
      waits.push(options?.maxWaitTimeInMs);
      return await Promise.resolve((options?.maxWaitTimeInMs ?? 0) > ms ? [message] : []);
    },
    peekMessages: nothing,
  };
  return { receiver, waits };
}

test("a service that is slow is not taken for an empty one", async () => {
  const { receiver, waits } = receiverThatTakes(2_000);
  expect(await takeMessages(connection, receiver, 5)).toHaveLength(1);
  expect(waits).toHaveLength(2);
});

test("one that brings at once is asked once", async () => {
  const { receiver, waits } = receiverThatTakes(0);
  expect(await takeMessages(connection, receiver, 5)).toHaveLength(1);
  expect(waits).toHaveLength(1);
});

test("what others keep locked ends the asks", async () => {
  const { receiver } = receiverThatTakes(Number.POSITIVE_INFINITY);
  expect(await takeMessages(connection, receiver, 5)).toEqual([]);
});
