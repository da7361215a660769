import type { ItemResult, OutgoingMessage } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { fifo, never, openAdapter, outgoing, rejection, standard } from "./open-adapter.ts";
import { ScriptedSqs } from "./scripted-sqs.ts";
import { refusal, ScriptedServer, sent } from "./scripted-server.ts";

const bench = new ScriptedSqs();

const codesOf = (results: readonly ItemResult<unknown>[]): readonly string[] =>
  results.map((result) => (result.ok ? "ok" : bench.adapter.classify(result.error, "send").code));

describe("sending", () => {
  test("makes one request and never a hidden second one when the answer is lost after it was applied", async () => {
    bench.server.answer("SendMessageBatch", () => "reset");
    const producer = bench.adapter.openProducer(standard(bench.adapter));
    const error = await rejection(producer.sendBatch([outgoing("1")], never));
    expect(bench.server.count("SendMessageBatch")).toBe(1);
    expect(bench.adapter.classify(error, "send")).toMatchObject({
      code: "CONNECTION_LOST",
      ambiguous: true,
      retryable: true,
    });
  });

  test("sends what a copy of a message says, not what the message said whose size was asked for", async () => {
    const producer = bench.adapter.openProducer(standard(bench.adapter));
    const message = outgoing("1", { attributes: { colour: "red" } });
    producer.sizeOf(message);
    await producer.sendBatch([{ ...message, attributes: { colour: "blue" } }], never);
    expect(bench.server.inputs("SendMessageBatch")).toMatchObject([
      { Entries: [{ MessageAttributes: { colour: { StringValue: "blue" } } }] },
    ]);
  });

  test("makes one request when the service is unavailable, throttles or fails", async () => {
    const producer = bench.adapter.openProducer(standard(bench.adapter));
    for (const reply of [
      refusal("ServiceUnavailable", 503),
      refusal("RequestThrottled", 403),
      refusal("InternalFailure", 500),
    ]) {
      bench.server.calls.length = 0;
      bench.server.answer("SendMessageBatch", () => reply);
      await rejection(producer.sendBatch([outgoing("1")], never));
      expect(bench.server.count("SendMessageBatch")).toBe(1);
    }
  });

  test.each(["RequestExpired", "RequestTimeTooSkewed"])(
    "repeats a request that was refused as %s once, signed with the service's time",
    async (shape) => {
      const anHourLater = new Date(Date.now() + 3_600_000).toUTCString();
      const signedAt: string[] = [];
      bench.server.script((call) => {
        if (call.operation !== "SendMessageBatch") return undefined;
        signedAt.push(String(call.headers["x-amz-date"]));
        return bench.server.count("SendMessageBatch") > 1
          ? undefined
          : { status: 403, body: { __type: shape, message: shape }, headers: { date: anHourLater } };
      });
      const results = await bench.adapter
        .openProducer(standard(bench.adapter))
        .sendBatch([outgoing("1")], never);
      expect(codesOf(results)).toEqual(["ok"]);
      const hours = signedAt.map((stamp) => stamp.slice(9, 11));
      expect(hours).toHaveLength(2);
      expect(hours[0]).not.toBe(hours[1]);
    },
  );

  test("gives up after the second refusal for an expired request", async () => {
    bench.server.answer("SendMessageBatch", () => refusal("RequestExpired", 403));
    const error = await rejection(
      bench.adapter.openProducer(standard(bench.adapter)).sendBatch([outgoing("1")], never),
    );
    expect(bench.server.count("SendMessageBatch")).toBe(2);
    expect(bench.adapter.classify(error, "send")).toMatchObject({
      code: "UNAUTHENTICATED",
      ambiguous: false,
    });
  });

  test("does not repeat a failure that only comes with a skewed date: it may have been applied", async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    bench.server.answer("SendMessageBatch", () => ({
      status: 500,
      body: { __type: "InternalFailure" },
      headers: { date },
    }));
    await rejection(bench.adapter.openProducer(standard(bench.adapter)).sendBatch([outgoing("1")], never));
    expect(bench.server.count("SendMessageBatch")).toBe(1);
  });

  test("reports one result per message when a part of the batch fails", async () => {
    bench.server.answer("SendMessageBatch", () => ({
      body: {
        Successful: [sent("2", "body of c"), sent("0", "body of a")],
        Failed: [{ Id: "1", Code: "InternalError", SenderFault: false, Message: "try again" }],
      },
    }));
    const producer = bench.adapter.openProducer(standard(bench.adapter));
    const results = await producer.sendBatch(
      ["a", "b", "c", "d"].map((id) => outgoing(id)),
      never,
    );
    expect(codesOf(results)).toEqual(["ok", "UNAVAILABLE", "ok", "UNAVAILABLE"]);
    const [, refused, , forgotten] = results.map((result) =>
      result.ok ? undefined : bench.adapter.classify(result.error, "send"),
    );
    expect(refused).toMatchObject({ ambiguous: false, retryable: true });
    expect(forgotten).toMatchObject({ ambiguous: true });
  });

  test("finds the one message that was stored with another checksum", async () => {
    bench.server.answer("SendMessageBatch", () => ({
      body: { Successful: [sent("0", "body of a"), sent("1", "something else")] },
    }));
    const results = await bench.adapter
      .openProducer(standard(bench.adapter))
      .sendBatch([outgoing("a"), outgoing("b")], never);
    expect(codesOf(results)).toEqual(["ok", "UNAVAILABLE"]);
    expect(results[1]).toMatchObject({ ok: false, error: { name: "ChecksumError" } });
  });

  test("reads an HTML page with status 503 as the outage that it is", async () => {
    bench.server.answer("SendMessageBatch", () => ({
      status: 503,
      body: "<html>busy</html>",
      headers: { "retry-after": "3" },
    }));
    const error = await rejection(
      bench.adapter.openProducer(standard(bench.adapter)).sendBatch([outgoing("1")], never),
    );
    expect(bench.adapter.classify(error, "send")).toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 3_000 });
  });

  test("sends nothing once the signal was aborted", async () => {
    const producer = bench.adapter.openProducer(standard(bench.adapter));
    await producer.open?.(never);
    const error = await rejection(producer.sendBatch([outgoing("1")], AbortSignal.abort()));
    expect(bench.server.count("SendMessageBatch")).toBe(0);
    expect(bench.adapter.classify(error, "send")).toMatchObject({ code: "CANCELLED", ambiguous: false });
  });

  test("calls a send ambiguous that was aborted on its way", async () => {
    const controller = new AbortController();
    bench.server.script((call) => {
      if (call.operation !== "SendMessageBatch") return undefined;
      controller.abort();
      return "hang";
    });
    const error = await rejection(
      bench.adapter.openProducer(standard(bench.adapter)).sendBatch([outgoing("1")], controller.signal),
    );
    expect(bench.adapter.classify(error, "send")).toMatchObject({ code: "CANCELLED", ambiguous: true });
  });

  test("splits more than ten messages and keeps the results in line when one request fails", async () => {
    bench.server.answer("SendMessageBatch", (nth) =>
      nth === 2 ? refusal("RequestThrottled", 403) : undefined,
    );
    const messages = Array.from({ length: 23 }, (_, index) => outgoing(String(index)));
    const codes = codesOf(
      await bench.adapter.openProducer(standard(bench.adapter)).sendBatch(messages, never),
    );
    expect(
      bench.server.inputs("SendMessageBatch").map((input) => (input["Entries"] as unknown[]).length),
    ).toEqual([10, 10, 3]);
    expect(codes).toEqual([...Array(10).fill("ok"), ...Array(10).fill("THROTTLED"), ...Array(3).fill("ok")]);
  });

  test("gives a FIFO message without key a group of its own, and the token as deduplication id", async () => {
    const producer = bench.adapter.openProducer(fifo(bench.adapter));
    await producer.sendBatch([outgoing("1"), outgoing("2", { orderingKey: "k" })], never);
    expect(bench.server.inputs("SendMessageBatch")[0]?.["Entries"]).toMatchObject([
      { MessageGroupId: "d-1", MessageDeduplicationId: "d-1" },
      { MessageGroupId: "k", MessageDeduplicationId: "d-2" },
    ]);
  });

  test("rounds a delay up to whole seconds on a standard queue and sends none on a FIFO queue", async () => {
    const clock = createVirtualClock();
    const still = openAdapter(bench.server.endpoint, { clock });
    const at = (ms: number): OutgoingMessage => outgoing("1", { deliverAtMs: clock.wallNow() + ms });
    await still.openProducer(standard(still)).sendBatch([at(1_500)], never);
    await still.openProducer(fifo(still)).sendBatch([at(1_500)], never);
    await still.openProducer(standard(still)).sendBatch([at(-5)], never);
    await still.close();
    const delays = bench.server
      .inputs("SendMessageBatch")
      .map((input) => (input["Entries"] as { DelaySeconds?: number }[])[0]?.DelaySeconds);
    expect(delays).toEqual([2, undefined, undefined]);
  });
});

describe("timeouts", () => {
  // Long enough for a connection and for the calls before, on any machine.
  const waits = { connectionTimeout: 15_000, requestTimeout: 1_000, socketTimeout: 1_000 };
  const quick = { requestHandler: { ...waits, throwOnRequestTimeout: true } };

  // Old releases of the SDK (@smithy/node-http-handler 4.0.0) tell of a stalled answer as of a reset connection.
  test.each([
    ["hang", /^TIMEOUT$/],
    ["stall", /^(?:TIMEOUT|CONNECTION_LOST)$/],
  ] as const)("end a request whose server is half open (%s)", async (reply, code) => {
    const impatient = openAdapter(bench.server.endpoint, { options: { clientOptions: quick } });
    bench.server.answer("SendMessageBatch", () => reply);
    const error = await rejection(
      impatient.openProducer(standard(impatient)).sendBatch([outgoing("1")], never),
    );
    expect(impatient.classify(error, "send")).toMatchObject({
      code: expect.stringMatching(code),
      ambiguous: true,
      retryable: true,
    });
    await impatient.close();
  });

  test("refuse a connection that nobody accepts, as not applied", async () => {
    const dead = await ScriptedServer.start();
    const alone = openAdapter(dead.endpoint);
    await dead.close();
    const error = await rejection(alone.openProducer(standard(alone)).open?.(never));
    expect(alone.classify(error, "open")).toMatchObject({ code: "CONNECTION_LOST", ambiguous: false });
    await alone.close();
  });
});
