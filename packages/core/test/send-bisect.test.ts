import { describe, expect, test } from "vitest";

import type { ErrorClass } from "../src/driver/driver.ts";
import { confirmAll, confirmed, failed, FakeServiceError, type SendScript } from "./fake-adapter.ts";
import { HeldAnswers, KEYED, producerBench } from "./producer-bench.ts";

const THROTTLED: ErrorClass = { code: "THROTTLED", retryable: true };
const REFUSED: ErrorClass = { code: "INVALID_MESSAGE", retryable: false };
const DENIED: ErrorClass = { code: "ACCESS_DENIED", retryable: false };

describe("a batch refused for one message", () => {
  const atomic = { batchFailure: "atomic" } as const;
  const IDS = ["a", "b", "c", "d", "e"];

  /** Refuses every call that contains one of the bad messages. */
  function allOrNothing(bad: readonly string[], errorClass: ErrorClass): SendScript {
    return async (messages) => {
      if (messages.some((message) => bad.includes(message.id))) throw new FakeServiceError(errorClass);
      return await confirmAll(messages);
    };
  }

  test.each(["INVALID_MESSAGE", "INVALID_ARGUMENT", "MESSAGE_TOO_LARGE"] as const)(
    "with %s is halved until the bad one stands alone; the others arrive once and in order",
    async (code) => {
      const { producer, driver } = producerBench({
        capabilities: atomic,
        script: allOrNothing(["c"], { code, retryable: false }),
      });
      const outcomes = await Promise.allSettled(IDS.map(async (id) => await producer.send(1, { id })));
      expect(outcomes.map((outcome) => outcome.status === "fulfilled")).toEqual([
        true,
        true,
        false,
        true,
        true,
      ]);
      expect(outcomes[2]).toMatchObject({ reason: { code } });
      expect(driver.sentIds).toEqual([IDS, ["a", "b", "c"], ["a", "b"], ["c"], ["d", "e"]]);
    },
  );

  test("for its size says how large the bad one is", async () => {
    const tooLarge: ErrorClass = { code: "MESSAGE_TOO_LARGE", retryable: false, limitBytes: 1 };
    const { producer } = producerBench({ capabilities: atomic, script: allOrNothing(["c"], tooLarge) });
    const outcomes = await Promise.allSettled(IDS.map(async (id) => await producer.send("text", { id })));
    expect(outcomes[2]).toMatchObject({
      reason: { code: "MESSAGE_TOO_LARGE", sizeBytes: '"text"'.length, limitBytes: 1 },
    });
  });

  test("is not halved for a reason that concerns all", async () => {
    const { producer, driver } = producerBench({ capabilities: atomic, script: allOrNothing(["c"], DENIED) });
    await Promise.allSettled(IDS.map(async (id) => await producer.send(1, { id })));
    expect(driver.calls).toHaveLength(1);
  });

  test("is not halved where it may have taken effect", async () => {
    const { producer, driver } = producerBench({
      capabilities: atomic,
      script: allOrNothing(["c"], { ...REFUSED, ambiguous: true }),
    });
    await Promise.allSettled(IDS.map(async (id) => await producer.send(1, { id })));
    expect(driver.calls).toHaveLength(1);
  });

  test("is halved on every provider when it is too large as a whole", async () => {
    const script: SendScript = async (messages) => {
      if (messages.length > 2) throw new FakeServiceError({ code: "BATCH_TOO_LARGE", retryable: false });
      return await confirmAll(messages);
    };
    const { producer, driver } = producerBench({ script });
    await Promise.all(IDS.map(async (id) => await producer.send(1, { id })));
    expect(driver.sentIds.slice(1)).toEqual([["a", "b", "c"], ["a", "b"], ["c"], ["d", "e"]]);
  });

  test("is not halved where each message is refused for itself", async () => {
    const script: SendScript = async (messages) =>
      messages.map((message) => ("bc".includes(message.id) ? failed(REFUSED) : confirmed(message)));
    const { producer, driver } = producerBench({ script });
    await Promise.allSettled(IDS.map(async (id) => await producer.send(1, { id })));
    expect(driver.sentIds).toEqual([IDS]);
  });

  // A run that ended before its halves would send them a second time.
  test("sends each half once, however long its answer takes", async () => {
    const answers = new HeldAnswers();
    const { producer, driver, clock } = producerBench({ capabilities: atomic, script: answers.script });
    const sends = Promise.all(IDS.map(async (id) => await producer.send(1, { id })));
    await clock.settle();
    answers.at(0).reject(new FakeServiceError(REFUSED));
    for (const [index, ids] of [IDS.slice(0, 3), IDS.slice(3)].entries()) {
      await clock.advance("5s");
      expect(driver.sentIds.slice(1 + index)).toEqual([ids]);
      answers.at(1 + index).resolve(await confirmAll(driver.calls[1 + index] ?? []));
    }
    await sends;
  });

  test("sends no later message of a key whose half failed", async () => {
    const { producer, driver, clock } = producerBench({
      capabilities: atomic,
      details: KEYED,
      script: async (messages, _signal, call) => {
        if (call === 1) throw new FakeServiceError(REFUSED);
        if (call === 2) throw new FakeServiceError(THROTTLED);
        return await confirmAll(messages);
      },
    });
    const sends = Promise.all(
      IDS.map(async (id) => await producer.send({ key: id === "e" ? "l" : "k" }, { id })),
    );
    await clock.settle();
    expect(driver.sentIds).toEqual([IDS, ["a", "b", "c"], ["e"]]);
    await clock.advance("1s");
    await sends;
    expect(driver.sentIds[3]).toEqual(["a", "b", "c", "d"]);
  });
});
