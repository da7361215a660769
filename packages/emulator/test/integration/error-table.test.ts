import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { SQS_ERROR_NAMES } from "../../src/fronts/sqs/sqs-errors.ts";
import { errorOf, runEmulator } from "../support/running-emulator.ts";

describe("any error of the table", () => {
  test.each(SQS_ERROR_NAMES)("%s reaches the SDK with its name when a rule asks for it", async (name) => {
    const { emulator, sqs } = await runEmulator();
    emulator.faults.add({ action: { kind: "error", code: name } });
    const error = await errorOf(sqs.send(new ListQueuesCommand({})));
    const unmodelled = name === "UnknownOperation" ? "InvalidAction" : name;
    expect(error["name"]).toBe(unmodelled);
    expect([400, 403, 404, 500, 503]).toContain(error["status"]);
    expect(error["message"]).toBe(`Injected fault: ${name}.`);
  });

  test("a name without a row is answered as it is", async () => {
    const { emulator, sqs } = await runEmulator();
    emulator.faults.add({ action: { kind: "error", code: "BrandNew", status: 418, message: "Never seen." } });
    expect(await errorOf(sqs.send(new ListQueuesCommand({})))).toEqual({
      name: "BrandNew",
      code: "BrandNew",
      status: 418,
      message: "Never seen.",
    });
  });
});
