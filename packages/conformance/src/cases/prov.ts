import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { DeadLetterError, isQueueError } from "@anyqueue/core";
import { takeDeadLetters } from "../dead-letters.ts";
import { rejection } from "../rejection.ts";

/** Provisioning and inspection. */
export const PROV: readonly ConformanceCase[] = caseGroup("PROV", [
  {
    id: "PROV-01",
    title: "creating is idempotent, also for several at once, and what was created works",
    rule: "D12",
    level: "portable",
    needs: ["inspect"],
    async run(bench) {
      const queue = bench.missingQueue(await bench.queue());
      const clients = [queue.client, queue.otherClient(), queue.otherClient()];
      const creating = Promise.all(clients.map((client) => client.admin.create(queue.definition)));
      await bench.settled("all have created it", creating);
      await bench.settled("it is created again", queue.client.admin.create(queue.definition));
      await bench.settled("it is verified", queue.client.verify(queue.definition));
      const recorder = bench.recorder();
      void bench.start(
        queue.consumer(),
        recorder.handler(() => {
          throw new DeadLetterError("wired");
        }),
      );
      await bench.settled("it is confirmed", queue.send());
      const [dead] = await takeDeadLetters(bench, queue, 1);
      assert.equal(
        dead?.deadLettered?.reason,
        "wired",
        "the dead letter is in the dead-letter queue that create connected, with the handler's reason",
      );
    },
  },
  {
    id: "PROV-02",
    title: "verify finds what is missing and changes nothing",
    rule: "D13",
    level: "portable",
    needs: ["inspect"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("what exists is verified", queue.client.verify(queue.definition));
      const missing = bench.missingQueue(queue);
      const error = await bench.settled(
        "what is missing is found",
        missing.client.verify(missing.definition).then(
          () => undefined,
          (reason: unknown) => reason,
        ),
      );
      assert.match(String(error), /NOT_FOUND/, "verify says NOT_FOUND for a queue that does not exist");
      await rejection(
        bench.settled("it is still missing", missing.producer().send(missing.body(0))),
        "NOT_FOUND",
      );
    },
  },
  {
    id: "PROV-03",
    title: "sending and handling need no administration",
    rule: "D12",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.settled("it is confirmed", queue.send());
      await bench.until("it is handled", () => recorder.succeeded === 1);
      assert.equal(
        bench.plan.count("admin"),
        0,
        "administrative calls of sending and handling: their credentials need no such rights",
      );
    },
  },
  {
    id: "PROV-06",
    title: "a name is used as it is or refused, never rewritten",
    rule: "D12",
    level: "driver",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const { adapter, target } = bench.driver(queue);
      assert.equal(target.entity, queue.entity, "a legal name is the name of the entity, unchanged");
      for (const name of ["with space", "semi;colon", "ünïcode", "x".repeat(2_000), "new\nline", ""]) {
        try {
          const { entity } = adapter.resolve({ ...target.ref, name, exact: true });
          assert.equal(
            entity,
            name,
            "the entity's name is the one that was given, or it is refused; a changed name would be another queue",
          );
        } catch (error) {
          assert.ok(
            isQueueError(error, "INVALID_ARGUMENT"),
            `${JSON.stringify(name.slice(0, 20))}: ${String(error)}`,
          );
        }
      }
    },
  },
  {
    id: "PROV-07",
    title: "the depth of a queue can be read",
    rule: "D12",
    level: "portable",
    needs: ["inspect"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("they are confirmed", queue.send(3));
      const counts = await bench.settled("it answers", queue.client.admin.inspect(queue.definition));
      if (counts.approximate)
        assert.ok((counts.ready ?? 0) >= 0, "the count of ready messages is a number from 0");
      else assert.equal(counts.ready, 3, "ready messages after three sends");
      const [held] = await bench.settled("one is held", queue.consumer().receive({ wait: "1m" }));
      const after = await bench.settled("it answers", queue.client.admin.inspect(queue.definition));
      if (!after.approximate)
        assert.deepEqual(
          [after.ready, after.inFlight],
          [2, 1],
          "ready messages and those in flight, after one of three was received",
        );
      await bench.settled("the ack is confirmed", held?.ack() ?? Promise.resolve());
    },
  },
  {
    id: "PROV-08",
    title: "purge removes every message",
    rule: "D12",
    level: "portable",
    needs: ["inspect"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("they are confirmed", queue.send(5));
      // Services may purge by time, and client and service clocks need not agree to the millisecond.
      await bench.advance(1_000);
      await bench.settled("it is purged", queue.client.admin.purge(queue.definition));
      assert.deepEqual(
        await bench.settled("nothing is left", queue.consumer().receive({ wait: "1s" })),
        [],
        "nothing can be received after a purge",
      );
    },
  },
]);
