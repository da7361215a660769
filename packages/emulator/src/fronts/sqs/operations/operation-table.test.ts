import * as sdk from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { SQS_OPERATIONS } from "./operation-table.ts";

test("every command of the SDK has an operation, and there is no other", () => {
  const commands = Object.keys(sdk)
    .filter((name) => name.endsWith("Command") && !name.startsWith("$"))
    .map((name) => name.slice(0, -"Command".length));
  expect([...SQS_OPERATIONS.keys()].toSorted()).toEqual(commands.toSorted());
});
