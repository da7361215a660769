import { describe, expect, test } from "vitest";

import type { OutgoingMessage } from "../src/driver/delivery.ts";
import { isQueueError } from "../src/errors/queue-error.ts";
import { bytes } from "../src/message/codec.ts";
import { confirmed, FakeProducerDriver } from "./fake-adapter.ts";
import { HeldAnswers, producerBench, stateOf } from "./producer-bench.ts";

const textOf = (message: OutgoingMessage | undefined): string => new TextDecoder().decode(message?.body);

describe("send", () => {
  test("resolves with both ids when the provider confirmed, not before", async () => {
    const answers = new HeldAnswers();
    const { producer, clock, driver } = producerBench({ script: answers.script });
    const sent = producer.send({ total: 1 }, { id: "o-1" });
    expect(await stateOf(sent, clock)).toBe("pending");
    answers.at(0).resolve(driver.calls[0]?.map(confirmed) ?? []);
    await expect(sent).resolves.toEqual({ id: "o-1", providerId: "stored-o-1" });
  });

  test("gives a message without an id a random one", async () => {
    const { producer } = producerBench();
    const [first, second] = [await producer.send(1), await producer.send(1)];
    expect(first.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.id).not.toBe(first.id);
  });

  test("takes the id of the definition's function, and the caller's before it", async () => {
    const { producer } = producerBench({ details: { id: (body) => `order-${String(body)}` } });
    expect((await producer.send(7)).id).toBe("order-7");
    expect((await producer.send(7, { id: "mine" })).id).toBe("mine");
  });

  test("puts the application's id in place of a provider id that the provider does not tell", async () => {
    const { producer } = producerBench({
      script: async (messages) => messages.map(() => ({ ok: true, value: {} })),
    });
    await expect(producer.send(1, { id: "a" })).resolves.toEqual({ id: "a", providerId: "a" });
  });

  test("carries everything that the caller gave", async () => {
    const { producer, driver } = producerBench();
    await producer.send(
      { total: 1 },
      { id: "o-1", attributes: { tenant: "é" }, correlationId: "c", replyTo: "answers" },
    );
    const [message] = driver.calls[0] ?? [];
    expect(message).toMatchObject({
      id: "o-1",
      contentType: "application/json",
      attributes: { tenant: "é" },
      correlationId: "c",
      replyTo: "answers",
    });
    expect(textOf(message)).toBe('{"total":1}');
    expect(message).not.toHaveProperty("deduplicationId");
    expect(message).not.toHaveProperty("orderingKey");
  });

  test("sends of one tick share a batch and each gets its own result", async () => {
    const { producer, driver } = producerBench();
    const ids = ["a", "b", "c", "d"];
    const sent = await Promise.all(ids.map(async (id) => await producer.send(id, { id })));
    expect(driver.sentIds).toEqual([ids]);
    expect(sent.map((each) => each.providerId)).toEqual(ids.map((id) => `stored-${id}`));
  });

  test("splits by the provider's number of messages and by its bytes", async () => {
    const { producer, driver } = producerBench({
      limits: { send: { maxItems: 3, maxBytes: 120, overheadBytes: 20, maxInFlight: 1 } },
    });
    const body = "x".repeat(48); // 50 bytes as JSON
    await Promise.all([
      ...["a", "b", "c"].map(async (id) => await producer.send(body, { id })),
      ...["d", "e", "f", "g"].map(async (id) => await producer.send(1, { id })),
    ]);
    expect(driver.sentIds).toEqual([
      ["a", "b"],
      ["c", "d", "e"],
      ["f", "g"],
    ]);
  });

  test("what the caller changes after the call has no effect, and nothing of the caller's is changed", async () => {
    const { producer, driver } = producerBench();
    const body = Object.freeze({ lines: [1] });
    const attributes: Record<string, string> = { tenant: "a" };
    const options = Object.freeze({ attributes });
    const sent = producer.send(body, options);
    body.lines.push(2);
    attributes["tenant"] = "b";
    await sent;
    expect(textOf(driver.calls[0]?.[0])).toBe('{"lines":[1]}');
    expect(driver.calls[0]?.[0]?.attributes).toEqual({ tenant: "a" });
  });

  test("a body of bytes is copied", async () => {
    const { producer, driver } = producerBench({ details: { codec: bytes() } });
    const body = new Uint8Array([1, 2, 3]);
    const sent = producer.send(body);
    body[0] = 9;
    await sent;
    expect(driver.calls[0]?.[0]?.body).toEqual(new Uint8Array([1, 2, 3]));
  });

  test("keeps the ids of 32 concurrent senders apart", async () => {
    const { producer, driver, clock } = producerBench({
      script: async (messages) => {
        await new Promise<void>((resolve) => clock.setTimer(resolve, messages.length));
        return messages.map(confirmed);
      },
    });
    const senders = Array.from({ length: 32 }, async (_, sender) => {
      for (let turn = 0; turn < 5; turn += 1) {
        const id = `${sender}-${turn}`;
        expect(await producer.send(sender, { id })).toEqual({ id, providerId: `stored-${id}` });
      }
    });
    await clock.advance("5s");
    await Promise.all(senders);
    expect(driver.calls.flat()).toHaveLength(160);
  });

  test("opens the driver before the first send, once", async () => {
    const { producer, driver } = producerBench();
    await producer.send(1);
    await producer.send(2);
    expect(driver.opens).toBe(1);
  });

  test("reports each call", async () => {
    const answers = new HeldAnswers();
    const { producer, events, clock, driver } = producerBench({ script: answers.script });
    await clock.advance("5ms");
    const sent = producer.send(1);
    await clock.advance("20ms");
    answers.at(0).resolve(driver.calls[0]?.map(confirmed) ?? []);
    await sent;
    expect(events.of("send")).toEqual([
      { target: "fake://here/orders", count: 1, failed: 0, durationMs: 20 },
    ]);
  });
});

describe("deduplication ids", () => {
  test("is the application's id where the definition needs deduplication", async () => {
    const { producer, driver } = producerBench({
      capabilities: { deduplication: "window" },
      details: { needs: ["deduplication"] },
    });
    await producer.send(1, { id: "o-1" });
    expect(driver.calls[0]?.[0]?.deduplicationId).toBe("o-1");
  });

  test("is a token of the send elsewhere: two sends with one id are two messages", async () => {
    const { producer, driver } = producerBench({ capabilities: { deduplication: "window" } });
    await producer.send(1, { id: "o-1" });
    await producer.send(1, { id: "o-1" });
    const [first, second] = driver.calls.flat().map((message) => message.deduplicationId);
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
  });
});

describe("sendMany", () => {
  test("resolves with one confirmation per item, in order", async () => {
    const { producer, driver } = producerBench();
    const ids = Array.from({ length: 25 }, (_, index) => `m-${index}`);
    const sent = await producer.sendMany(ids.map((id) => ({ body: id, id })));
    expect(sent.map((each) => each.id)).toEqual(ids);
    expect(driver.calls.map((messages) => messages.length)).toEqual([10, 10, 5]);
  });

  test("nothing to send is a success without a call", async () => {
    const { producer, driver } = producerBench();
    await expect(producer.sendMany([])).resolves.toEqual([]);
    expect(driver.calls).toHaveLength(0);
  });

  test("rejects PARTIAL_SEND with one result per item when one is refused", async () => {
    const { producer, driver } = producerBench();
    const items = [
      { body: 1, id: "a" },
      { body: 10n, id: "b" },
      { body: 3, id: "c" },
    ];
    const error: unknown = await producer.sendMany(items).catch((caught: unknown) => caught);
    if (!isQueueError(error, "PARTIAL_SEND")) throw new Error("PARTIAL_SEND expected");
    expect(error.message).toContain("1 of 3 messages");
    expect(error.results).toMatchObject([
      { ok: true, value: { id: "a" } },
      { ok: false, error: { code: "INVALID_MESSAGE" } },
      { ok: true, value: { id: "c" } },
    ]);
    expect(driver.sentIds).toEqual([["a", "c"]]);
  });

  test("waits for what it took when the items end with an error", async () => {
    const fault = new Error("the file ended");
    function* items(): Generator<{ body: number; id: string }> {
      yield { body: 1, id: "a" };
      throw fault;
    }
    const { producer } = producerBench();
    await expect(producer.sendMany(items())).rejects.toMatchObject({
      code: "PARTIAL_SEND",
      cause: fault,
      results: [{ ok: true, value: { id: "a" } }],
    });
  });

  test("refuses what is no iterable", async () => {
    const { producer } = producerBench();
    await expect(producer.sendMany(5 as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("ending", () => {
  test("flush waits for everything accepted so far", async () => {
    const answers = new HeldAnswers();
    const { producer, driver, clock } = producerBench({ script: answers.script });
    const sent = producer.send(1);
    const flushed = producer.flush();
    expect(await stateOf(flushed, clock)).toBe("pending");
    answers.at(0).resolve(driver.calls[0]?.map(confirmed) ?? []);
    await flushed;
    await sent;
  });

  test("flush does not let a half full batch wait behind one that is out", async () => {
    const { producer, driver, clock } = producerBench({ script: new HeldAnswers().script });
    producer.send(1, { id: "a" }).catch(() => {});
    await clock.settle();
    producer.send(2, { id: "b" }).catch(() => {});
    void producer.flush();
    await clock.settle();
    expect(driver.sentIds).toEqual([["a"], ["b"]]);
  });

  test("close flushes, closes the driver and leaves no timer", async () => {
    const answers = new HeldAnswers();
    const { producer, driver, clock } = producerBench({ script: answers.script });
    const sent = producer.send(1);
    const closed = producer.close();
    await clock.settle();
    expect(driver.isClosed).toBe(false);
    answers.at(0).resolve(driver.calls[0]?.map(confirmed) ?? []);
    await expect(sent).resolves.toBeDefined();
    await closed;
    expect(driver.isClosed).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  test("closing twice is harmless, and everything after it is CLOSED", async () => {
    const { producer, driver } = producerBench();
    await Promise.all([producer.close(), producer.close()]);
    await producer.close();
    await producer.flush();
    producer.resume("k");
    const closed = { code: "CLOSED", target: "fake://here/orders" };
    await expect(producer.send(1)).rejects.toMatchObject(closed);
    await expect(producer.sendMany([{ body: 1 }])).rejects.toMatchObject(closed);
    await expect(producer.open(new AbortController().signal)).rejects.toMatchObject(closed);
    expect(driver.calls).toHaveLength(0);
  });

  test("a driver that fails to close rejects the close with a typed error", async () => {
    const driver = new FakeProducerDriver();
    driver.close = async () => {
      throw new Error("socket stuck");
    };
    const { producer } = producerBench({ driver });
    await expect(producer.close()).rejects.toMatchObject({ code: "INTERNAL", provider: "fake" });
  });

  test("open passes the driver's refusal on, typed, and an abort as CANCELLED", async () => {
    const driver = new FakeProducerDriver();
    const controller = new AbortController();
    driver.open = async () => {
      throw new Error("no such queue");
    };
    const { producer } = producerBench({ driver });
    await expect(producer.open(controller.signal)).rejects.toMatchObject({
      code: "INTERNAL",
      operation: "open",
    });
    controller.abort("enough");
    await expect(producer.open(controller.signal)).rejects.toMatchObject({
      code: "CANCELLED",
      cause: "enough",
    });
  });

  test("a producer that was opened does not open its driver again", async () => {
    const { producer, driver } = producerBench();
    await producer.open(new AbortController().signal);
    await producer.send(1);
    expect(driver.opens).toBe(1);
  });
});
