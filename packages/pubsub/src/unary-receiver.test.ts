import { HandBacks, type ItemResult } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { AckIdError } from "./ack-id-error.ts";
import type { PubsubClients } from "./pubsub-client.ts";
import { classifyPubsubError } from "./pubsub-errors.ts";
import type { PubsubSubscription } from "./pubsub-subscription.ts";
import type { PullClient } from "./pull-clients.ts";
import { UnaryReceiver } from "./unary-receiver.ts";

const ASK = { maxItems: 10, waitMs: 20_000 };
const never = new AbortController().signal;
const ids = (deliveries: readonly { readonly providerId: string }[]): readonly string[] =>
  deliveries.map(({ providerId }) => providerId);

const OK: ItemResult = { ok: true, value: undefined };

/**
 * `pull` returns the message ids for each pull, all of one ordering key; `change` answers each request to lease
 * or give back: nothing if all is well.
 */
function receiving(
  pull: (nth: number) => Promise<readonly string[]>,
  change: (
    seconds: number,
    ackIds: readonly string[],
  ) => Promise<readonly ItemResult[] | void> = async () => {},
  place: () => void = () => {},
): UnaryReceiver {
  let pulls = 0;
  const client = {
    pull: async () => {
      pulls += 1;
      const found = await pull(pulls);
      const messages = found.map((id) => ({ messageId: id, orderingKey: "k" }));
      return [
        { receivedMessages: messages.map((message) => ({ ackId: `a-${message.messageId}`, message })) },
      ];
    },
  };
  const clients: Pick<PubsubClients, "pull"> = {
    pull: async () => {
      place();
      return { client, release: () => {} } as unknown as PullClient;
    },
  };
  const subscription: Pick<PubsubSubscription, "changeDeadlines" | "handBacks" | "keepsOrder" | "path"> = {
    keepsOrder: true,
    handBacks: new HandBacks(),
    path: async () => "projects/p/subscriptions/orders",
    changeDeadlines: async (items) => {
      const ackIds = items.map(({ ackId }) => ackId);
      return (await change(items[0]?.seconds ?? 0, ackIds)) ?? items.map(() => OK);
    },
  };
  return new UnaryReceiver({
    clients: clients as PubsubClients,
    subscription: subscription as PubsubSubscription,
    clock: createVirtualClock(),
    leaseMs: 10_000,
    events: { fault: () => undefined } as never,
  });
}

describe("a pull receiver", () => {
  test("gets its place with a later ask if there was none for an earlier one", async () => {
    let asked = 0;
    const receiver = receiving(
      async () => ["1"],
      async () => {},
      () => {
        asked += 1;
        if (asked === 1) throw new Error("no credentials just now");
      },
    );
    await expect(receiver.receive(ASK, never)).rejects.toThrow("no credentials just now");
    expect(ids(await receiver.receive(ASK, never))).toEqual(["1"]);
  });

  test("an ask does not wait for a pull whose messages go back already", async () => {
    const answer = Promise.withResolvers<readonly string[]>();
    const goingBack = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const receiver = receiving(
      async (nth) => (nth === 1 ? await answer.promise : ["2"]),
      async (seconds) => {
        if (seconds > 0) return;
        goingBack.resolve();
        await gone.promise;
      },
    );
    const aborted = new AbortController();
    const asked = receiver.receive(ASK, aborted.signal);
    aborted.abort();
    expect(await asked).toEqual([]);
    answer.resolve(["1"]);
    await goingBack.promise;
    expect(ids(await receiver.receive(ASK, never))).toEqual(["2"]);
    gone.resolve();
  });

  test("nor does one that shall not wait get nothing because of a pull that waits", async () => {
    const receiver = receiving(async (nth) => (nth === 1 ? await new Promise<never>(() => {}) : ["2"]));
    const aborted = new AbortController();
    const asked = receiver.receive(ASK, aborted.signal);
    aborted.abort();
    expect(await asked).toEqual([]);
    expect(ids(await receiver.receive({ maxItems: 10, waitMs: 0 }, never))).toEqual(["2"]);
  });

  test("gives back what was confirmed behind a delivery that is gone: nobody would take it before a whole lease", async () => {
    const changes: unknown[] = [];
    const receiver = receiving(
      async (nth) => (nth === 1 ? ["1", "2"] : []),
      async (seconds, ackIds) => {
        changes.push([ackIds, seconds]);
        const error = new AckIdError("PERMANENT_FAILURE_INVALID_ACK_ID", undefined);
        return seconds === 0 ? undefined : [{ ok: false, error }, OK];
      },
    );
    expect(await receiver.receive(ASK, never)).toEqual([]);
    expect(changes).toEqual([
      [["a-1", "a-2"], 10],
      [["a-2"], 0],
    ]);
  });

  const late = "Deadline exceeded after 15.001s,LB pick: 0.002s,remote_addr=127.0.0.1:8085";
  const unsent = "Deadline exceeded after 20.001s,name resolution: 0.002s,Waiting for LB pick";
  test.each([
    ["nothing that came in time", 20_000, late, "nothing"],
    ["the service's own word for nothing", 0, "nothing to pull", "nothing"],
    ["a service that does not say at once what is there", 0, late, "TIMEOUT"],
    ["a connection that did not open", 20_000, unsent, "CONNECTION_LOST"],
  ])("takes %s for what it is", async (_, waitMs, text, expected) => {
    const receiver = receiving(async () => {
      throw Object.assign(new Error(`4 DEADLINE_EXCEEDED: ${text}`), { code: 4 });
    });
    const outcome = await receiver.receive({ maxItems: 10, waitMs }, never).then(
      (deliveries) => (deliveries.length === 0 ? "nothing" : "something"),
      (error: unknown) => classifyPubsubError(error, "receive").code,
    );
    expect(outcome).toBe(expected);
  });
});
