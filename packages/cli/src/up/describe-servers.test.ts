import { expect, test } from "vitest";
import { describeServers } from "./describe-servers.ts";

const environment = { AWS_REGION: "us-east-1", PUBSUB_PROJECT_ID: "anyqueue" };

function urlsAt(host: string): readonly unknown[] {
  const endpoints = { sqs: `http://${host}:1`, serviceBus: `${host}:2`, pubsub: `${host}:3`, control: "" };
  const { sqs, serviceBus, pubsub } = describeServers({ endpoints, environment }, { caFile: undefined });
  return [sqs, serviceBus, pubsub].map((server) => Object(server).url);
}

// Without it, the providers refuse the URL that the command printed for them.
test("the URLs of servers beyond loopback allow plaintext", () => {
  expect(urlsAt("192.0.2.7")).toEqual([
    "sqs://us-east-1?endpoint=http://192.0.2.7:1&plaintext=allow",
    "service-bus://emulator?endpoint=192.0.2.7:2&plaintext=allow",
    "pubsub://anyqueue?endpoint=192.0.2.7:3&plaintext=allow",
  ]);
});

test.each(["127.0.0.1", "127.1.2.3", "localhost", "[::1]"])("those on %s do not", (host) => {
  expect(urlsAt(host).join(" ")).not.toContain("plaintext");
});

test("nor does the URL of a server with TLS", () => {
  const endpoints = { serviceBusTls: "192.0.2.7:4", control: "" };
  const { serviceBus } = describeServers({ endpoints, environment }, { caFile: "ca.pem" });
  expect(serviceBus).toMatchObject({ url: "service-bus://emulator?endpoint=amqps://192.0.2.7:4" });
});
