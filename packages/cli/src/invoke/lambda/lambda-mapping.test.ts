import type { Message } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { BatchGatherer } from "./batch-gatherer.ts";
import type { EnvironmentPool } from "./environment-pool.ts";
import { LambdaMapping } from "./lambda-mapping.ts";

test("what no function has seen is given back while a call still runs", async () => {
  const stop = new AbortController();
  const released = Promise.withResolvers<readonly Message[]>();
  const answers = [["a", "b"], ["c"]];
  const receive = async (): Promise<Message[]> => {
    const ids = answers.shift();
    if (answers.length === 0) stop.abort();
    return (ids ?? []).map((MessageId) => ({ MessageId, Body: "" }));
  };
  const invoke = async (): Promise<unknown> => {
    // Ends only when the other message is free again.
    await released.promise;
    return { result: { kind: "response", body: "null" }, isColdStart: false, durationMs: 1 };
  };
  const mapping = new LambdaMapping({
    queue: {
      delete: async () => [],
      release: async (messages) => {
        if (messages.length > 0) released.resolve(messages);
        return [];
      },
    },
    gatherer: new BatchGatherer(
      { receive },
      { queueArn: "arn:aws:sqs:eu-west-1:1:q", batchSize: 2, windowMs: 60_000 },
    ),
    pool: { untilRoom: async () => {}, invoke } as unknown as EnvironmentPool,
    isPartial: false,
    isOnce: false,
    onReport: () => {},
    onWarning: () => {},
    onUnsettled: () => {},
  });
  await mapping.run(stop.signal);
  expect((await released.promise).map(({ MessageId }) => MessageId)).toEqual(["c"]);
});
