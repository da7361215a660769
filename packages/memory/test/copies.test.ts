import { outgoing } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { driverBench, NEVER, receive, receiveOne } from "./driver-bench.ts";

describe("a copy (D10)", () => {
  const full = {
    id: "app-1",
    body: new Uint8Array([0, 255, 1]),
    contentType: "application/octet-stream",
    attributes: { tenant: "t", empty: "", "aq-due": "1" },
    orderingKey: "k",
    deduplicationId: "d",
    correlationId: "c",
    replyTo: "r",
    subject: "s",
  };

  test("delivered has everything that was sent", async () => {
    const { consumer, send } = driverBench();
    await send(full);

    expect(await receiveOne(consumer())).toMatchObject(full);
  });

  test("among dead letters has everything too, and why it is there", async () => {
    const { consumer, send } = driverBench();
    await send(full);
    const reader = consumer();
    const { handle } = await receiveOne(reader);
    const attributes = { "aq-dead-attempts": "3" };
    await reader.deadLetterBatch?.([{ handle, reason: "BAD", description: "why", attributes }], NEVER);
    const dead = await receiveOne(consumer({ kind: "dead-letter" }));

    expect(dead).toMatchObject({ ...full, attributes: { ...full.attributes, ...attributes } });
    expect(dead.deadLetter).toEqual({ reason: "BAD", description: "why", source: "q" });
  });

  test("can be sent into the dead letters", async () => {
    const { producer, consumer } = driverBench();
    await producer({ kind: "dead-letter" }).sendBatch([outgoing(full)], NEVER);

    expect(await receive(consumer())).toEqual([]);
    expect(await receiveOne(consumer({ kind: "dead-letter" }))).toMatchObject(full);
  });

  test("is not changed by a handler that writes into the one before", async () => {
    const { consumer, send } = driverBench();
    await send(full);
    const reader = consumer();
    const first = await receiveOne(reader);
    first.body.fill(7);
    expect(() => Object.assign(first.attributes, { tenant: "other" })).toThrow(TypeError);
    await reader.releaseBatch([{ handle: first.handle, delayMs: 0, cause: "retry" }], NEVER);

    expect(await receiveOne(reader)).toMatchObject(full);
  });

  test("of text has its text and its bytes, also with more attributes", async () => {
    const { consumer, send } = driverBench();
    const { body: _, ...rest } = full;
    const texts = { ...rest, text: "é", body: new TextEncoder().encode("é") };
    await send(texts);
    const reader = consumer();
    const first = await receiveOne(reader);
    expect(first).toMatchObject(texts);
    first.body.fill(7);
    const note = { tenant: "u" };
    await reader.releaseBatch([{ handle: first.handle, delayMs: 0, cause: "retry", note }], NEVER);

    expect(await receiveOne(reader)).toMatchObject({ ...texts, attributes: { ...full.attributes, ...note } });
  });

  test("of a Buffer is one too", async () => {
    const { consumer, send } = driverBench();
    await send({ body: Buffer.from([1, 2, 3]) });
    const reader = consumer();
    const { body, handle } = await receiveOne(reader);
    body.fill(7);
    await reader.releaseBatch([{ handle, delayMs: 0, cause: "retry" }], NEVER);

    expect((await receiveOne(reader)).body).toEqual(new Uint8Array([1, 2, 3]));
  });

  test("released with a note carries it from then on", async () => {
    const { consumer, send } = driverBench();
    await send(full);
    const reader = consumer();
    const { handle } = await receiveOne(reader);
    await reader.releaseBatch(
      [{ handle, delayMs: 0, cause: "retry", note: { "aq-dead-error": "E" } }],
      NEVER,
    );

    expect((await receiveOne(reader)).attributes).toEqual({ ...full.attributes, "aq-dead-error": "E" });
  });
});

describe("sizes (D7)", () => {
  test("are those of the body and of names and values in UTF-8", () => {
    const { producer } = driverBench();
    const message = outgoing({ body: new Uint8Array(10), attributes: { é: "ü", a: "" } });

    expect(producer().sizeOf(message)).toBe(10 + 2 + 2 + 1);
  });
});
