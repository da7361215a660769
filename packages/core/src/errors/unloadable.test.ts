import { expect, test } from "vitest";
import { unloadable } from "./unloadable.ts";

test.each([
  "Cannot find package '@aws-sdk/client-sqs' imported from /app/node_modules/@anyqueue/sqs/dist/index.js",
  "Cannot find module '@aws-sdk/client-sqs'\nRequire stack:\n- /app/index.cjs",
])("a package that is not there is to be installed: %s", (text) => {
  const error = unloadable("@aws-sdk/client-sqs", new Error(text), { install: "@aws-sdk/client-sqs@3" });
  expect(error.message).toBe(
    "INVALID_ARGUMENT: the package @aws-sdk/client-sqs cannot be loaded. Run: npm install @aws-sdk/client-sqs@3",
  );
});

test("one that is there and does not load says why, and that a bundle may be the reason", () => {
  const cause = new Error('Dynamic require of "buffer" is not supported');
  const error = unloadable("@azure/service-bus", cause, { provider: "service-bus" });
  expect(error.message).toContain('cannot be loaded: Dynamic require of "buffer" is not supported');
  expect(error.remedy).toContain("external");
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT", provider: "service-bus", cause });
});

test("a part that is missing in it is named, and is not the package", () => {
  const error = unloadable("@google-cloud/pubsub", new Error("Cannot find module 'lodash.snakecase'"));
  expect(error.message).toContain("cannot be loaded: Cannot find module 'lodash.snakecase'");
});
