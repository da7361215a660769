import { expect, test } from "vitest";
import { isCollected } from "../../../../test/support/is-collected.ts";
import { content, manualEngine } from "../../../../test/support/manual-engine.ts";

const SECOND = 1000;

test.each(["orders", "orders.fifo"])("%s keeps no message that expired unread", async (name) => {
  const { queue, clock } = manualEngine();
  const orders = queue(name, { MessageRetentionPeriod: "60" });
  const send = (): WeakRef<object> => {
    const sent = content("a", { groupId: "g" });
    orders.send(sent, 0);
    return new WeakRef(sent);
  };
  const expired = send();
  await clock.advance(30 * SECOND);
  const waits = send();
  await clock.advance(30 * SECOND);
  expect([await isCollected(expired), await isCollected(waits)]).toEqual([true, false]);
});
