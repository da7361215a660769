import { expect, test } from "vitest";
import { DeadLetterError } from "../src/errors/handler-errors.ts";
import { consumerBench } from "./consumer-bench.ts";
import { failed } from "./fake-adapter.ts";

// The trap: until the handler has ended, the key is its own. Nothing else would let it go on.
test("a dead letter that fails while its handler still runs lets its key go on when the handler has ended", async () => {
  let isDown = true;
  const { clock, queue, consumer } = consumerBench({
    capabilities: { deadLetter: "none", ordering: "by-key", releaseDelay: "none" },
    details: { needs: ["ordering"] },
    options: { handlerTimeout: "1s", retry: { attempts: 1 } },
    deadLetters: async (messages) =>
      messages.map(() =>
        isDown ? failed({ code: "THROTTLED", retryable: true }) : { ok: true, value: { providerId: "d" } },
      ),
  });
  for (const id of ["a0", "a1"]) queue.put(id, {}, { orderingKey: "a" });
  const first = Promise.withResolvers<void>();
  const begun: string[] = [];
  const run = consumer.run(async ({ id }) => {
    begun.push(id);
    if (begun.length === 1) await first.promise;
    else if (id === "a0") throw new DeadLetterError("bad address");
  });
  await clock.advance("1s");
  first.reject(new Error("stopped")); // while its message waits here for its retry
  isDown = false;
  await clock.advance("1m");
  expect(begun).toEqual(["a0", "a0", "a1"]);
  expect(queue.acked).toEqual(["a0", "a1"]);
  await consumer.close();
  await run;
});
