import assert from "node:assert/strict";
import { DeadLetterError } from "@anyqueue/core";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { assertNoDeadLetters, parseBody, takeDeadLetters } from "../dead-letters.ts";
import { assertDeadLetter, deadLetterOne } from "../one-dead-letter.ts";
import { numbers } from "../recorder.ts";

const FAILS = (): never => {
  throw new TypeError("it never works");
};

/** Dead letters. */
export const RTRY_DEAD: readonly ConformanceCase[] = caseGroup("RTRY", [
  {
    id: "RTRY-02",
    title: "a handler that always fails runs as often as allowed, then the message is dead, once",
    rule: "D5",
    level: "portable",
    needs: ["attempts"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 3, delay: "1s" } });
      await bench.settled("the send is confirmed", queue.send());
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler(FAILS));
      const [dead] = await takeDeadLetters(bench, queue, 1);
      assert.deepEqual(dead && parseBody(dead), queue.body(0), "the dead letter has the body of the message");
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs([0, 0, 0]);
      await assertNoDeadLetters(bench, queue);
    },
  },
  {
    id: "RTRY-04",
    title: "a DeadLetterError kills the message at its first attempt",
    rule: "D4",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 5 } });
      await bench.settled("the send is confirmed", queue.send());
      const recorder = bench.recorder();
      void bench.start(
        queue.consumer(),
        recorder.handler(() => {
          throw new DeadLetterError("bad-order");
        }),
      );
      const [dead] = await takeDeadLetters(bench, queue, 1);
      assert.equal(
        dead?.deadLettered?.reason,
        "bad-order",
        "the dead letter's reason is that of the DeadLetterError",
      );
      recorder.assertSeqs([0]);
    },
  },
  {
    id: "RTRY-05",
    title: "a dead letter tells reason, origin, attempts and times, and carries all of the message",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const queue = await bench.queue();
      const dead = await deadLetterOne(bench, queue, () => {
        throw new DeadLetterError("bad-order", { cause: new RangeError("the total is negative") });
      });
      assertDeadLetter(dead, queue, "bad-order", 1);
      assert.match(
        dead.deadLettered?.description ?? "",
        /RangeError|total is negative/,
        "the dead letter's description names the error that the handler threw",
      );
    },
  },
  {
    id: "RTRY-06",
    title: "a message whose attempts are spent shows the same in the dead letters as one that was sent there",
    rule: "D10",
    level: "portable",
    needs: ["attempts"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 2, delay: "1s" } });
      const dead = await deadLetterOne(bench, queue, FAILS);
      assertDeadLetter(dead, queue, undefined, 2);
      assert.match(
        `${dead.deadLettered?.reason} ${dead.deadLettered?.description}`,
        /TypeError|it never works/,
        "the dead letter's reason and description name the last error",
      );
    },
  },
  {
    id: "RTRY-07",
    title: "a copy to the dead letters that fails leaves the message in its queue, and is tried again",
    rule: "D4",
    level: "portable",
    needs: ["dlqByCore"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 1, delay: "1s" } });
      await bench.settled("the send is confirmed", queue.send());
      assert.ok(queue.deadLetterEntity !== undefined, "the queue of this case has a dead-letter entity");
      bench.plan.fail({ operation: "send", entity: queue.deadLetterEntity, code: "ACCESS_DENIED" });
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler(FAILS));
      await bench.until("the failure is reported", () => bench.reported("dead-letter-failed").length === 1);
      assert.equal(bench.plan.count("ack", queue.entity), 0, "acks before the copy is safe");
      await takeDeadLetters(bench, queue, 1);
      await bench.until("the original is acked", () => bench.plan.count("ack", queue.entity) === 1);
    },
    /** If the service itself dead-letters, a temporary refusal must not lose the message either. */
    async otherwise(bench) {
      const queue = await bench.queue({ retry: { attempts: 1, delay: "1s" } });
      await bench.settled("the send is confirmed", queue.send());
      bench.plan.fail({ operation: "deadLetter", code: "UNAVAILABLE", times: 2 });
      void bench.start(queue.consumer(), bench.recorder().handler(FAILS));
      await takeDeadLetters(bench, queue, 1);
      assert.equal(
        bench.plan.count("deadLetter"),
        3,
        "deadLetterBatch requests: two that fail for the moment and one that succeeds",
      );
      assert.equal(
        bench.plan.count("ack", queue.entity),
        0,
        "acks of a message that the service itself dead-letters: deadLetterBatch has settled it",
      );
    },
  },
  {
    id: "RTRY-08",
    title: "if the ack after a copy is lost there is at most one more copy, with the same id",
    rule: "D5",
    level: "portable",
    needs: ["dlqByCore"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 1, delay: "1s" } });
      const [sent] = await bench.settled("the send is confirmed", queue.send());
      bench.plan.fail({ operation: "ack", entity: queue.entity, code: "INTERNAL" });
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler(FAILS));
      await bench.until(
        "the original is acked in the end",
        () => bench.plan.count("ack", queue.entity) >= 2,
        3 * bench.leaseMs,
      );
      await bench.advance(2 * bench.leaseMs);
      const dead = await bench.settled(
        "the dead letters answer",
        queue.deadLetterConsumer().receive({ max: 10, wait: "1m" }),
      );
      assert.ok(dead.length >= 1 && dead.length <= 2, `${dead.length} copies`);
      for (const copy of dead)
        assert.equal(
          copy.id,
          sent?.id,
          "a second copy has the id of the first, so that it can be told to be the same",
        );
    },
    /** The service does it in one operation: there is no moment between copy and ack. */
    async otherwise(bench) {
      const queue = await bench.queue({ retry: { attempts: 1, delay: "1s" } });
      await bench.settled("the send is confirmed", queue.send());
      void bench.start(queue.consumer(), bench.recorder().handler(FAILS));
      await takeDeadLetters(bench, queue, 1);
      assert.equal(
        bench.plan.count("deadLetter", queue.entity),
        1,
        "requests of deadLetterBatch: a native dead letter is moved once",
      );
      assert.equal(
        bench.plan.count("send"),
        1,
        "send requests: only the message's own, because a native dead letter needs no copy",
      );
    },
  },
  {
    id: "RTRY-15",
    title: "redriven dead letters are handled again, counted from 1",
    rule: "D12",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 1 } });
      await bench.settled("the sends are confirmed", queue.send(3, { attributes: { tenant: "acme" } }));
      const recorder = bench.recorder();
      let isRepaired = false;
      const failing = recorder.handler(() => {
        if (!isRepaired) throw new DeadLetterError("broken");
      });
      void bench.start(queue.consumer(), failing);
      await bench.until("all are dead", () => bench.reported("dead-lettered").length === 3);
      isRepaired = true;
      const redrive = async (): Promise<number> => {
        let total = 0;
        for await (const { moved } of queue.client.admin.redrive(queue.definition, { max: 3 })) total = moved;
        return total;
      };
      assert.equal(
        await bench.settled("the redrive ends", redrive()),
        3,
        "messages that the redrive reports as moved",
      );
      await bench.until("all are handled", () => recorder.succeeded === 3);
      const second = recorder.deliveries.slice(3);
      assert.deepEqual(
        second.map(({ seq }) => seq).toSorted((a, b) => a - b),
        numbers(3),
        "messages that are handled again after the redrive, each once",
      );
      for (const { attempt, message } of second) {
        assert.equal(attempt, 1, "the attempt of a message that was redriven: its attempts begin anew");
        assert.equal(
          message.attributes["tenant"],
          "acme",
          "the attributes of a message that was redriven are those it was sent with",
        );
      }
      await assertNoDeadLetters(bench, queue);
    },
  },
  {
    id: "RTRY-18",
    title: "a message with many attributes reaches the dead letters with all of them",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 1 } });
      const count = Math.min(20, bench.facts.limits.attributes.maxCount);
      const attributes = Object.fromEntries(numbers(count).map((n) => [`attribute-${n}`, `value ${n}`]));
      await bench.settled("the send is confirmed", queue.send(1, { attributes }));
      void bench.start(queue.consumer(), bench.recorder().handler(FAILS));
      const [dead] = await takeDeadLetters(bench, queue, 1);
      assert.deepEqual(
        { ...dead?.attributes },
        attributes,
        "the dead letter has all attributes of the message, beside those that say why it is dead",
      );
    },
  },
  {
    id: "RTRY-19",
    title: "the service dead-letters the deliveries that it is told to, and no others",
    rule: "D2",
    level: "driver",
    needs: ["dlqNative"],
    async run(bench) {
      const queue = await bench.queue();
      const driver = bench.driver(queue);
      const consumer = await driver.consumer();
      await driver.sendAll(...driver.messages(3));
      const deliveries = await driver.receive(consumer, 3);
      const doomed = deliveries.filter((_, index) => index !== 1);
      const items = doomed.map(({ handle }, index) => ({
        handle,
        reason: `reason ${index}`,
        attributes: {},
      }));
      const deadLettering = consumer.deadLetterBatch?.(items, bench.signal) ?? Promise.resolve([]);
      const results = await bench.settled("it answers", deadLettering);
      assert.deepEqual(
        results.map(({ ok }) => ok),
        [true, true],
        "deadLetterBatch succeeds for both deliveries",
      );
      const dead = await takeDeadLetters(bench, queue, 2);
      const reasons = new Map(dead.map(({ id, deadLettered }) => [id, deadLettered?.reason]));
      assert.deepEqual(
        doomed.map(({ id }) => reasons.get(id)),
        ["reason 0", "reason 1"],
        "the dead letters have the reasons that they were given, each its own",
      );
      await bench.advance(1.5 * bench.leaseMs);
      const left = await driver.receiveNow(consumer);
      assert.deepEqual(
        left.map(({ id }) => id),
        [deliveries[1]?.id],
        "the message that was not dead-lettered, and no other, is left in its queue",
      );
    },
  },
]);
