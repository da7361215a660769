import * as sdk from "@aws-sdk/client-sqs";
import type { Message } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { BatchGatherer } from "./batch-gatherer.ts";
import type { EnvironmentPool } from "./environment-pool.ts";
import { LambdaMapping } from "./lambda-mapping.ts";
import { SqsQueue } from "./sqs-queue.ts";

interface Scene {
  readonly receive: () => Promise<readonly Message[]>;
  readonly invoke: () => Promise<void>;
  readonly release?: (messages: readonly Message[]) => void;
  readonly batchSize: number;
  readonly windowMs: number;
  readonly isOnce: boolean;
}

function mappingOf({ receive, invoke, release, batchSize, windowMs, isOnce }: Scene): LambdaMapping {
  const called = async (): Promise<unknown> => {
    await invoke();
    return { result: { kind: "response", body: "null" }, isColdStart: false, durationMs: 1 };
  };
  return new LambdaMapping({
    queue: {
      delete: async () => [],
      release: async (messages) => {
        release?.(messages);
        return [];
      },
    },
    gatherer: new BatchGatherer({ receive }, { queueArn: "arn:aws:sqs:eu-west-1:1:q", batchSize, windowMs }),
    pool: { untilRoom: async () => {}, invoke: called } as unknown as EnvironmentPool,
    isPartial: false,
    isOnce,
    onReport: () => {},
    onWarning: () => {},
    onLost: () => {},
    onUnsettled: () => {},
  });
}

test("what no function has seen is given back while a call still runs", async () => {
  const stop = new AbortController();
  const released = Promise.withResolvers<readonly Message[]>();
  const answers = [["a", "b"], ["c"]];
  const mapping = mappingOf({
    batchSize: 2,
    windowMs: 60_000,
    isOnce: false,
    receive: async () => {
      const ids = answers.shift() ?? [];
      if (answers.length === 0) stop.abort();
      return ids.map((MessageId) => ({ MessageId, Body: "" }));
    },
    // Ends only when the other message is free again.
    invoke: async () => void (await released.promise),
    release: (messages) => released.resolve(messages),
  });
  await mapping.run(stop.signal);
  expect((await released.promise).map(({ MessageId }) => MessageId)).toEqual(["c"]);
});

const failure = (name: string): Error =>
  Object.assign(new Error(`${name} was said`), { name, $fault: "client" });

/** A queue whose first receive fails. */
function failingQueue(error: Error): SqsQueue {
  const answers: (() => Promise<object>)[] = [
    async () => {
      throw error;
    },
    async () => ({ Messages: [{ MessageId: "a", Body: "" }] }),
  ];
  const client = { send: async () => (await answers.shift()?.()) ?? {} };
  const facts = {
    url: "http://sqs/1/orders",
    arn: "",
    isFifo: false,
    visibilityTimeoutMs: 0,
    maxReceiveCount: 1,
  };
  return new SqsQueue(sdk, client as unknown as sdk.SQSClient, facts);
}

test.each([
  ["RequestThrottled", 1, "no error"],
  ["OverLimit", 1, "no error"],
  ["AccessDenied", 0, "QUEUE_UNREACHABLE: http://sqs/1/orders: AccessDenied: AccessDenied was said"],
  ["QueueDoesNotExist", 0, "NO_SUCH_QUEUE: there is no queue http://sqs/1/orders"],
])("an ask that ends with %s leads to %d calls, or ends the run", async (name, expected, message) => {
  const queue = failingQueue(failure(name));
  let calls = 0;
  const mapping = mappingOf({
    batchSize: 1,
    windowMs: 0,
    isOnce: true,
    receive: async () => await queue.receive(1, 1),
    invoke: async () => void (calls += 1),
  });
  const ended = await mapping.run(new AbortController().signal).then(() => "no error", String);
  expect(calls).toBe(expected);
  expect(ended).toContain(message);
});
