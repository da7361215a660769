import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { controlClient } from "../../src/control/control-client.ts";
import { LambdaRuntime } from "../support/lambda-runtime.ts";
import { runEmulator } from "../support/running-emulator.ts";

async function mappedOverHttp() {
  const running = await runEmulator();
  const QueueUrl = await running.createQueue("orders");
  const control = controlClient(running.endpoint);
  const send = async (MessageBody: string) =>
    await running.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  return { ...running, control, send };
}

describe("event source mappings over HTTP", () => {
  test("call a function, show the result of each call, and end", async () => {
    const { control, emulator, send } = await mappedOverHttp();
    const created = await control.mappings.create({ queue: "orders", reportBatchItemFailures: true });
    expect(created).toMatchObject({
      queueArn: "arn:aws:sqs:eu-west-1:000000000000:orders",
      options: { batchSize: 10, reportBatchItemFailures: true, functionTimeoutMs: 3_000 },
      invocations: [],
    });
    const runtime = new LambdaRuntime(created.environment);
    const asked = runtime.next();
    await send("a");
    await runtime.respondPartly(await asked, ["a"]);
    const shown = await control.mappings.get(created.id);
    expect(shown.invocations).toMatchObject([{ outcome: "response", failedIds: [expect.any(String)] }]);
    expect(await control.mappings.list()).toEqual([shown]);
    expect(await control.mappings.delete(created.id)).toEqual(shown);
    expect(await control.mappings.list()).toEqual([]);
    expect(emulator.sqs.mappings()).toEqual([]);
    await expect(runtime.next()).rejects.toThrow("fetch failed");
  });

  test("are refused with a list of every mistake", async () => {
    const { control } = await mappedOverHttp();
    const refusal = async (options: object): Promise<unknown> =>
      // @ts-expect-error that is the point
      await control.mappings.create(options).catch((error: unknown) => String(error));
    expect(await refusal({ queue: "orders", batchsize: "5", windowSeconds: "1" })).toMatch(
      /batchsize is unknown. Known: queue, .*windowSeconds must be a number/,
    );
    expect(await refusal({})).toContain("queue is missing");
    expect(await refusal([])).toContain("The body must be an object");
    expect(await refusal({ queue: "nothing" })).toContain('there is no queue "nothing"');
    expect(await refusal({ queue: "orders", batchSize: 11 })).toContain("needs windowSeconds of at least 1");
    expect(await control.mappings.list()).toEqual([]);
    await expect(control.mappings.get("gone")).rejects.toThrow('There is no event source mapping "gone".');
    await expect(control.mappings.delete("gone")).rejects.toThrow("There is no event source mapping");
  });

  test("end with a reset", async () => {
    const { control } = await mappedOverHttp();
    await control.mappings.create({ queue: "orders" });
    await control.reset();
    expect(await control.mappings.list()).toEqual([]);
  });
});
