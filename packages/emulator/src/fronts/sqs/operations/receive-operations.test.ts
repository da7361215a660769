import { expect, test } from "vitest";
import { content, manualEngine, type ManualEngine } from "../../../../test/support/manual-engine.ts";
import { WireTime } from "../../../time/wire-time.ts";
import { OperationInput } from "../protocol/operation-input.ts";
import type { CallContext } from "./operation.ts";
import { receiveMessage } from "./receive-operations.ts";

const LIMIT = 2;

function contextOf({ engine, clock }: ManualEngine, disconnected: AbortSignal): CallContext {
  return {
    engine,
    wireTime: new WireTime(clock),
    region: "eu-west-1",
    accountId: "000000000000",
    senderId: "test",
    isSigned: true,
    baseUrl: "http://localhost",
    traceHeader: undefined,
    disconnected,
    faultOfEntry: () => undefined,
  };
}

function setUp(name: string) {
  const manual = manualEngine({ maxInFlightMessages: LIMIT });
  const queue = manual.queue(name);
  for (const body of ["a", "b", "c"]) queue.send(content(body, { groupId: body, dedupId: body }), 0);
  const receive = (
    members: Readonly<Record<string, unknown>>,
    disconnected = new AbortController().signal,
  ) => {
    const input = { QueueUrl: `http://localhost/000000000000/${name}`, ...members };
    return receiveMessage(new OperationInput(input), contextOf(manual, disconnected));
  };
  return { ...manual, queue, receive };
}

test("a short poll of a standard queue beyond the in-flight limit is an error", async () => {
  const { receive } = setUp("orders");
  expect(await receive({ MaxNumberOfMessages: 10 })).toMatchObject({
    Messages: [{ Body: "a" }, { Body: "b" }],
  });
  await expect(receive({})).rejects.toMatchObject({ queryCode: "OverLimit", status: 403 });
});

test("a long poll and a FIFO queue get no messages beyond the limit", async () => {
  const standard = setUp("orders");
  await standard.receive({ MaxNumberOfMessages: 10 });
  const waiting = standard.receive({ WaitTimeSeconds: 1 });
  await standard.clock.advance(1000);
  expect(await waiting).toEqual({});
  const fifo = setUp("orders.fifo");
  await fifo.receive({ MaxNumberOfMessages: 10 });
  expect(await fifo.receive({})).toEqual({});
});

test("a caller that has disconnected gets no message", async () => {
  const { queue, receive } = setUp("orders");
  await receive({}, AbortSignal.abort());
  expect(queue.counts).toMatchObject({ visible: 3, inFlight: 0 });
});
