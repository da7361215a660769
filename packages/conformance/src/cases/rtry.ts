import assert from "node:assert/strict";
import { RetryError } from "@anyqueue/core";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { assertNoDeadLetters } from "../dead-letters.ts";
import { assertAttemptsRefused } from "../negative.ts";
import { ascending, numbers } from "../recorder.ts";
import { rejection } from "../rejection.ts";

/** Retry. Dead letters are in `rtry-dead.ts`. */
export const RTRY_RETRY: readonly ConformanceCase[] = caseGroup("RTRY", [
  {
    id: "RTRY-01",
    title: "a handler that succeeds at the last attempt has run that often, and nothing is dead",
    rule: "D5",
    level: "portable",
    needs: ["attempts"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 3, delay: "1s" } });
      await bench.settled("the send is confirmed", queue.send());
      const recorder = bench.recorder();
      const failing = recorder.handler((_, { isLastAttempt }) => {
        if (!isLastAttempt) throw new Error("not yet");
      });
      void bench.start(queue.consumer(), failing);
      await bench.until("it succeeds", () => recorder.succeeded === 1);
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs([0, 0, 0]);
      await assertNoDeadLetters(bench, queue);
    },
  },
  {
    id: "RTRY-03",
    title: "the delay of a RetryError wins over the policy's",
    rule: "D4",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 3, delay: "1s" } });
      await bench.settled("the send is confirmed", queue.send());
      const recorder = bench.recorder();
      const failing = recorder.handler(() => {
        if (recorder.started === 1) throw new RetryError({ delay: "40s" });
      });
      void bench.start(queue.consumer(), failing);
      await bench.until("it is run again", () => recorder.succeeded === 1, 80_000);
      assertGap(recorder.deliveries, 0, 40_000, bench.backend.toleranceMs);
    },
  },
  {
    id: "RTRY-09",
    title: "without dead letters a message whose attempts are spent stays in the queue",
    rule: "D5",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ deadLetter: "none", retry: { attempts: 2, delay: "1s" } });
      if (!(await bench.driver(queue).countsDeliveries())) {
        // Deliveries are counted only if the service itself has a place for dead letters.
        await assertAttemptsRefused(bench, queue);
        return;
      }
      await bench.settled("the send is confirmed", queue.send());
      const recorder = bench.recorder();
      const consumer = queue.consumer();
      void bench.start(
        consumer,
        recorder.handler(() => {
          throw new Error("always");
        }),
      );
      await bench.until("the attempts are spent", () => recorder.started >= 2);
      await bench.advance(5_000);
      await bench.settled("it closes", consumer.close());
      assert.equal(bench.plan.count("ack"), 0, "acks, each of which would lose the message");
      // Longer than the longest delay between attempts.
      await bench.advance(330_000);
      const again = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), again.handler());
      await bench.until("it is still there", () => again.succeeded === 1);
    },
  },
  {
    id: "RTRY-10",
    title: "the delays between attempts follow the policy",
    rule: "D4",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 4, delay: (attempt) => `${attempt * 10}s` } });
      await bench.settled("the send is confirmed", queue.send());
      const recorder = bench.recorder();
      const failing = recorder.handler((_, { isLastAttempt }) => {
        if (!isLastAttempt) throw new Error("not yet");
      });
      void bench.start(queue.consumer(), failing);
      await bench.until("it succeeds", () => recorder.succeeded === 1, 120_000);
      for (const index of numbers(3)) {
        assertGap(recorder.deliveries, index, (index + 1) * 10_000, bench.backend.toleranceMs);
      }
    },
  },
  {
    id: "RTRY-11",
    title: "attempts are counted on across a restart of the process",
    rule: "D5",
    level: "portable",
    needs: ["attempts"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 5, delay: "2s" } });
      await bench.settled("the send is confirmed", queue.send());
      const before = bench.recorder();
      void bench.start(
        queue.consumer(),
        before.handler(() => {
          throw new Error("the first process fails");
        }),
      );
      await bench.until(
        "it failed and was given back",
        () => before.started >= 1 && bench.plan.count("release") >= 1,
      );
      await bench.settled("the process ends", queue.client.close());
      const after = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), after.handler());
      await bench.until("the second process handles it", () => after.succeeded === 1);
      // A message that came back while the process ended also counts, although no handler saw it.
      const given = bench.plan.calls("release").reduce((sum, { items }) => sum + items, 0);
      assert.equal(
        after.deliveries[0]?.attempt,
        given + 1,
        "the attempt in the second process: one more than deliveries in the first",
      );
    },
  },
  {
    id: "RTRY-12",
    title: "a service that gives up before the policy does is found at the start",
    rule: "D13",
    level: "portable",
    needs: ["inspect"],
    async run(bench) {
      // The smallest value that every service accepts.
      const queue = await bench.queue({ maxDeliveries: 5, retry: { attempts: 7 } });
      const error = await rejection(
        bench.settled(
          "the start fails",
          queue.consumer().run(() => undefined),
        ),
        "INVALID_ARGUMENT",
        "UNSUPPORTED",
      );
      assert.match(error.message, /5/, "the error names the service's number of deliveries, 5");
      assert.match(error.message, /7/, "the error names the policy's number of attempts, 7");
    },
  },
  {
    id: "RTRY-13",
    title: "a handler that always fails is not run in a hot loop",
    rule: "D3",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: "unlimited", delay: "10s" } });
      await bench.settled("the send is confirmed", queue.send());
      const recorder = bench.recorder();
      void bench.start(
        queue.consumer(),
        recorder.handler(() => {
          throw new Error("always");
        }),
      );
      await bench.until("it runs", () => recorder.started === 1);
      await bench.advance(60_000);
      const passedMs = bench.now() - (recorder.deliveries[0]?.startedAtMs ?? Number.NaN);
      // Clocks run: on a busy machine more than a minute has passed.
      const most = Math.floor(passedMs / (10_000 - bench.backend.toleranceMs)) + 1;
      assert.ok(
        recorder.started >= 4 && recorder.started <= most,
        `${recorder.started} runs in ${passedMs} ms, expected 4 to ${most}`,
      );
    },
  },
  {
    id: "RTRY-14",
    title: "a message that always fails does not stop the others",
    rule: "D1",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: "unlimited", delay: "10s" } });
      await bench.settled("the sends are confirmed", queue.send(20));
      const recorder = bench.recorder();
      const poisoned = recorder.handler(({ body }) => {
        if (body.seq === 0) throw new Error("poison");
      });
      void bench.start(queue.consumer({ concurrency: 2 }), poisoned);
      await bench.until("the others are handled", () => recorder.succeeded >= 19, bench.leaseMs);
      assert.deepEqual(
        recorder.deliveries
          .filter(({ seq }) => seq !== 0)
          .map(({ seq }) => seq)
          .toSorted((a, b) => a - b),
        numbers(19, 1),
        "each message but the one that always fails is handled, once",
      );
    },
  },
  {
    id: "RTRY-20",
    title: "messages that wait for their retry leave their room to those behind them",
    rule: "D1",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      // Longer than the good ones may take. If no redelivery can be delayed, the core waits with the lease.
      const queue = await bench.queue({ retry: { attempts: "unlimited", delay: "50s" } });
      await bench.settled("the bad are confirmed", queue.send(6));
      const recorder = bench.recorder();
      const failing = recorder.handler(({ body }) => {
        if (body.seq < 6) throw new Error("bad");
      });
      void bench.start(queue.consumer({ concurrency: 2, prefetch: 0 }), failing);
      await bench.until("as many as may run have failed", () => recorder.started >= 2);
      await bench.settled("the good are confirmed", queue.send(4));
      await bench.until("the good are handled", () => recorder.succeeded >= 4, 40_000);
      const good = recorder.seqs().filter((seq) => seq >= 6);
      assert.deepEqual(
        good.toSorted(ascending),
        numbers(4, 6),
        "messages behind those that wait for their retry are handled meanwhile",
      );
    },
  },
  {
    id: "RTRY-16",
    title: "what a failed attempt changed is not seen by the next",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 3, delay: "1s" } });
      await bench.settled("the send is confirmed", queue.send(1, { attributes: { tenant: "acme" } }));
      const recorder = bench.recorder();
      const seen: string[] = [];
      const mutating = recorder.handler((message) => {
        seen.push(JSON.stringify({ body: message.body, attributes: { ...message.attributes } }));
        if (recorder.started > 1) return;
        Reflect.set(message.body, "text", "changed");
        Reflect.set(message.attributes, "tenant", "changed");
        throw new Error("again");
      });
      void bench.start(queue.consumer(), mutating);
      await bench.until("it succeeds", () => recorder.succeeded === 1);
      assert.equal(seen[1], seen[0], "the second attempt sees what the first saw");
    },
  },
  {
    id: "RTRY-17",
    title: "a policy function that throws does not lose the message or end the consumer",
    rule: "D3",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const delay = (): never => {
        throw new Error("in the policy");
      };
      const queue = await bench.queue({ retry: { attempts: 5, delay } });
      await bench.settled("the send is confirmed", queue.send());
      const recorder = bench.recorder();
      const failing = recorder.handler(() => {
        if (recorder.started === 1) throw new Error("once");
      });
      void bench.start(queue.consumer(), failing);
      await bench.until("it is handled again", () => recorder.succeeded === 1, 400_000);
      await bench.settled("more is confirmed", queue.send());
      await bench.until("the consumer lives", () => recorder.succeeded === 2);
    },
  },
]);

function assertGap(
  deliveries: readonly { readonly startedAtMs: number; readonly endedAtMs: number | undefined }[],
  index: number,
  expectedMs: number,
  toleranceMs: number,
): void {
  const [failed, next] = [deliveries[index], deliveries[index + 1]];
  assert.ok(failed?.endedAtMs !== undefined && next !== undefined, `attempts ${index + 1} and ${index + 2}`);
  const gapMs = next.startedAtMs - failed.endedAtMs;
  assert.ok(
    gapMs >= expectedMs - toleranceMs,
    `attempt ${index + 2} came after ${gapMs} ms instead of ${expectedMs}`,
  );
  assert.ok(
    gapMs <= expectedMs * 1.5 + toleranceMs,
    `attempt ${index + 2} came after ${gapMs} ms instead of ${expectedMs}`,
  );
}
