import type { Message } from "@google-cloud/pubsub";
import { describe, expect, test } from "vitest";
import { CODES, EVERY_CODE } from "../../support/grpc-codes.ts";
import { openStream } from "../../support/open-stream.ts";
import { until } from "../../support/running-emulator.ts";
import { PUBSUB_LIBRARIES, runPubsub, subscriptionName } from "../../support/running-pubsub.ts";

const NAME = subscriptionName("orders-sub");

describe.each(PUBSUB_LIBRARIES)("faults of streams, with the client $version", (library) => {
  test.each(EVERY_CODE)("a stream that is open ends with %s", async (code, number) => {
    const running = await runPubsub(library);
    await running.createPair();
    const stream = openStream(running.subscriber, NAME);
    await until(() => stream.responses.length === 1);
    running.emulator.faults.add({ operation: "StreamingPull.request", action: { kind: "endStream", code } });
    stream.write({});
    await until(() => stream.error !== undefined);
    expect(stream.error?.code).toBe(number);
  });

  test("a stream can end with OK, which the service never does", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    running.emulator.faults.add({ operation: "StreamingPull", action: { kind: "endStream", code: "OK" } });
    const stream = openStream(running.subscriber, NAME);
    await until(() => stream.hasEnded);
    expect(stream.error).toBeUndefined();
  });

  test.each(["UNAVAILABLE", "INTERNAL", "ABORTED", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"] as const)(
    "the high-level client comes back after a stream that ended with %s",
    async (code) => {
      const { emulator, pubsub, createPair, publish } = await runPubsub(library);
      await createPair();
      emulator.faults.add({
        operation: "StreamingPull.response",
        when: "after",
        count: 1,
        action: { kind: "endStream", code },
      });
      const got: Message[] = [];
      const subscription = pubsub.subscription("orders-sub", { streamingOptions: { maxStreams: 1 } });
      subscription.on("message", (message: Message) => {
        got.push(message);
        message.ack();
      });
      await publish("a");
      await until(() => got.length === 1);
      await publish("b");
      await until(() => got.length === 2);
      expect(emulator.log.count("StreamingPull")).toBe(2);
    },
  );

  test.each(["PERMISSION_DENIED", "FAILED_PRECONDITION", "UNKNOWN"] as const)(
    "the high-level client gives up after a stream that ended with %s",
    async (code) => {
      const { emulator, pubsub, createPair } = await runPubsub(library);
      await createPair();
      emulator.faults.add({ operation: "StreamingPull", action: { kind: "error", code } });
      const subscription = pubsub.subscription("orders-sub");
      const failed = new Promise((resolve) => {
        subscription.on("error", resolve);
      });
      subscription.on("message", () => undefined);
      expect(await failed).toMatchObject({ code: CODES[code] });
    },
  );

  test.each(["reset", "goaway"] as const)("the high-level client comes back after a %s", async (kind) => {
    const { emulator, pubsub, createPair, publish } = await runPubsub(library);
    await createPair();
    const rule = { operation: "StreamingPull.response", when: "after", count: 1 } as const;
    emulator.faults.add({ ...rule, action: kind === "reset" ? { kind } : { kind, graceMs: 10 } });
    const got: string[] = [];
    const subscription = pubsub.subscription("orders-sub", { streamingOptions: { maxStreams: 1 } });
    subscription.on("message", (message: Message) => {
      got.push(String(message.data));
      message.ack();
    });
    await publish("a");
    await until(() => emulator.log.count("StreamingPull") === 2);
    await publish("b");
    await until(() => got.includes("b"));
    expect(emulator.log.entries().some(({ faults }) => faults.length > 0)).toBe(true);
  });

  test("a stream with noKeepalive answers no keepalive but still delivers", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    running.emulator.faults.add({ operation: "StreamingPull", action: { kind: "noKeepalive" } });
    const stream = openStream(running.subscriber, NAME);
    await until(() => stream.responses.length === 1);
    stream.write({});
    await running.publish("a");
    await until(() => stream.messages.length === 1);
    expect(stream.responses).toHaveLength(2);
  });

  test("a starved stream stays alive but gets nothing, and another stream gets all", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    running.emulator.faults.add({ operation: "StreamingPull", count: 1, action: { kind: "starve" } });
    const starved = openStream(running.subscriber, NAME);
    await until(() => starved.responses.length === 1);
    await running.publish("a");
    starved.write({});
    await until(() => starved.responses.length === 2);
    const fed = openStream(running.subscriber, NAME);
    await until(() => fed.messages.length === 1);
    expect(starved.messages).toEqual([]);
  });

  test("an overflowing stream is sent more than it asked for", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    running.emulator.faults.add({ operation: "StreamingPull", action: { kind: "overflow" } });
    await running.publish("a", "b", "c");
    const stream = openStream(running.subscriber, NAME, { maxOutstandingMessages: 1 });
    await until(() => stream.messages.length === 3);
    expect(running.emulator.pubsub.subscriptions()[0]?.outstanding).toBe(3);
  });

  test("a slow stream sends one message per response, with pauses", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    await running.createPair();
    running.emulator.faults.add({ operation: "StreamingPull", action: { kind: "slow", everyMs: 1000 } });
    await running.publish("a", "b");
    const stream = openStream(running.subscriber, NAME);
    await until(() => (running.emulator.pubsub.subscriptions()[0]?.outstanding ?? 0) === 2);
    await running.emulator.clock.advance(1000);
    await until(() => stream.messages.length === 1);
    await running.emulator.clock.advance(1000);
    await until(() => stream.messages.length === 2);
    expect(stream.responses).toHaveLength(3);
  });

  test("a stream that is held swallows messages, which come again elsewhere", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    running.emulator.faults.add({ operation: "StreamingPull.response", count: 1, action: { kind: "hold" } });
    const held = openStream(running.subscriber, NAME);
    await running.publish("a");
    await until(() => running.emulator.pubsub.subscriptions()[0]?.outstanding === 1);
    const other = openStream(running.subscriber, NAME);
    await until(() => other.responses.length === 1);
    await running.emulator.clock.advance(10_000);
    await until(() => other.messages.length === 1);
    expect(held.messages).toEqual([]);
  });

  test("delivered messages come twice, except under exactly-once delivery", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    running.emulator.faults.add({
      operation: "StreamingPull.response",
      count: 1,
      action: { kind: "duplicate" },
    });
    const stream = openStream(running.subscriber, NAME);
    await running.publish("a");
    await until(() => stream.messages.length === 2);
    const [first, second] = stream.messages.map(({ message }) => message?.messageId);
    expect(second).toBe(first);
  });
});
