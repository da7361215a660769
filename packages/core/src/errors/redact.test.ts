import { expect, test } from "vitest";
import { isSecretName, redact } from "./redact.ts";

test.each([
  ["sqs://AKIA:s3cret@eu-west-1", "sqs://***@eu-west-1"],
  ["https://user:p@ss@host/path", "https://***@host/path"],
  ["sqs://eu-west-1?secretAccessKey=abc&account=1", "sqs://eu-west-1?secretAccessKey=***&account=1"],
  [
    "Endpoint=sb://ns.example/;SharedAccessKeyName=root;SharedAccessKey=aGVsbG8",
    "Endpoint=sb://ns.example/;SharedAccessKeyName=root;SharedAccessKey=***",
  ],
  ["https://store.example/blob?sv=1&sig=abc%3D", "https://store.example/blob?sv=1&sig=***"],
  ["a password=hunter2 in a sentence", "a password=*** in a sentence"],
])("masks secrets in %s", (given, expected) => {
  expect(redact(given)).toBe(expected);
});

test.each(["sqs://eu-west-1?endpoint=http://127.0.0.1:4566", "orderingKey=c-7", "me@example.com wrote"])(
  "leaves %s as it is",
  (text) => {
    expect(redact(text)).toBe(text);
  },
);

test("knows secret names whatever their case", () => {
  for (const name of [
    "token",
    "AccessKey",
    "SHAREDACCESSKEY",
    "sig",
    "x-api-key",
    "client_secret",
    "Password",
  ]) {
    expect([name, isSecretName(name)]).toEqual([name, true]);
  }
  for (const name of ["endpoint", "keyboard", "SharedAccessKeyName", "region", "monkey"]) {
    expect([name, isSecretName(name)]).toEqual([name, false]);
  }
});
