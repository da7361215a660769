import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { pullAll } from "../pull-all.ts";
import { rejection } from "../rejection.ts";

/** Settling through the public API. The driver's own settlements are in `setl-driver.ts`. */
export const SETL_PORTABLE: readonly ConformanceCase[] = caseGroup("SETL", [
  {
    id: "SETL-05",
    title: "a second ack resolves like the first, without another request",
    rule: "D5",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the send is confirmed", queue.send());
      const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
      assert.ok(message !== undefined, "the message that was sent is received");
      await bench.settled("both acks resolve", Promise.all([message.ack(), message.ack()]));
      await bench.settled("a late ack resolves", message.ack());
      assert.equal(
        itemsOf(bench.plan.calls("ack")),
        1,
        "handles in all ack requests: a second ack of a message sends nothing",
      );
    },
  },
  {
    id: "SETL-06",
    title: "the first settlement wins, another one is refused",
    rule: "D5",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the sends are confirmed", queue.send(2));
      const [acked, released] = await bench.settled("they arrive", pullAll(queue.consumer(), 2));
      assert.ok(acked !== undefined && released !== undefined, "both messages that were sent are received");
      await bench.settled("the ack is confirmed", acked.ack());
      await rejection(acked.retry(), "ALREADY_SETTLED");
      await bench.settled("the release is confirmed", released.retry("0ms"));
      await rejection(released.ack(), "ALREADY_SETTLED");
      const [again] = await bench.settled(
        "the released one is back",
        queue.consumer().receive({ wait: "1m" }),
      );
      assert.equal(
        again?.id,
        released.id,
        "the message that was released comes again, and the acked one does not",
      );
    },
  },
  {
    id: "SETL-08",
    title: "of an ack and a release at the same time one takes effect",
    rule: "D5",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the send is confirmed", queue.send());
      const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
      assert.ok(message !== undefined, "the message that was sent is received");
      const [ack, release] = await bench.settled(
        "both end",
        Promise.allSettled([message.ack(), message.retry("0ms")]),
      );
      assert.equal(ack.status, "fulfilled", "the ack, which was called first, takes effect");
      assert.equal(release.status, "rejected", "the release, which was called second, is refused");
      assert.equal(
        itemsOf(bench.plan.calls("ack")) + itemsOf(bench.plan.calls("release")),
        1,
        "settlements that reach the driver: one for one message",
      );
      await bench.advance(2 * bench.leaseMs);
      assert.deepEqual(
        await bench.settled("nothing is left", queue.consumer().receive()),
        [],
        "nothing can be received: the ack took effect",
      );
    },
  },
  {
    id: "SETL-10",
    title: "a settlement that fails for the moment is repeated, the handler is not",
    rule: "D3",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the send is confirmed", queue.send());
      bench.plan.fail({ operation: "ack", code: "UNAVAILABLE", times: 2 });
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("the third ack is out", () => bench.plan.count("ack") >= 3, bench.leaseMs);
      await bench.advance(3 * bench.leaseMs);
      recorder.assertSeqs([0]);
      assert.equal(
        bench.plan.count("ack"),
        3,
        "ack requests: two that failed for the moment and one that succeeded",
      );
    },
  },
  {
    id: "SETL-11",
    title: "the redelivery of a handled message whose ack failed is acked without running the handler",
    rule: "D5",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the send is confirmed", queue.send());
      bench.plan.fail({ operation: "ack", code: "INTERNAL", retryable: false });
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until(
        "the redelivery is acked",
        () => bench.reported("redelivery-acked").length === 1,
        3 * bench.leaseMs,
      );
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs([0]);
      assert.equal(
        bench.reported("settle-failed").length,
        1,
        "settle-failed events: one for the ack that failed",
      );
    },
  },
  {
    id: "SETL-12",
    title: "an ack resolves only after the provider's confirmation",
    rule: "D2",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the send is confirmed", queue.send());
      const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
      assert.ok(message !== undefined, "the message that was sent is received");
      const hold = bench.plan.hold("ack", { when: "after" });
      let isSettled = false;
      const acking = message.ack().finally(() => {
        isSettled = true;
      });
      await bench.until("the request is out", () => hold.reached === 1);
      await bench.advance(1_000);
      assert.equal(isSettled, false, "ack() resolved before the provider confirmed it");
      hold.release();
      await bench.settled("the ack is confirmed", acking);
    },
  },
]);

function itemsOf(calls: readonly { readonly items: number }[]): number {
  return calls.reduce((sum, { items }) => sum + items, 0);
}
