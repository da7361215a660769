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
  ["amqp://guest:pa/ss?w#rd@rabbit:5672/vhost", "amqp://***@rabbit:5672/vhost"],
  ["at https://h.example:8080/a for me@example.com", "at https://h.example:8080/a for me@example.com"],
  ["endpoint=http://h/?token=s3cret&zone=1", "endpoint=http://h/?token=***&zone=1"],
  ["a=b=c=token=s3cret;d=e", "a=b=c=token=***;d=e"],
  ["pass=s3cret auth=s3cret Authorization=s3cret", "pass=*** auth=*** Authorization=***"],
])("masks secrets in %s", (given, expected) => {
  expect(redact(given)).toBe(expected);
});

test.each(["sqs://eu-west-1?endpoint=http://127.0.0.1:4566", "orderingKey=c-7", "me@example.com wrote"])(
  "leaves %s as it is",
  (text) => {
    expect(redact(text)).toBe(text);
  },
);

test("writes characters that begin a new line, or steer a terminal, as escapes", () => {
  expect(redact("a\r\nlevel=error \u001B[2J\u0000\u007F\u009B31m\u2028 é")).toBe(
    "a%0D%0Alevel=error %1B[2J%00%7F%C2%9B31m%E2%80%A8 é",
  );
});

test("takes linear time over texts that look like secrets everywhere", () => {
  const hostile = "a=token=://x:".repeat(20_000);
  // Measures processor time: the rest of the machine does not affect it.
  const before = process.cpuUsage();
  redact(hostile);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(1_000);
});

test("knows secret names whatever their case", () => {
  for (const name of [
    "token",
    "AccessKey",
    "SHAREDACCESSKEY",
    "sig",
    "x-api-key",
    "client_secret",
    "Password",
    "pass",
    "db-auth",
    "Authorization",
  ]) {
    expect([name, isSecretName(name)]).toEqual([name, true]);
  }
  for (const name of [
    "endpoint",
    "keyboard",
    "SharedAccessKeyName",
    "region",
    "monkey",
    "author",
    "bypass",
  ]) {
    expect([name, isSecretName(name)]).toEqual([name, false]);
  }
});
