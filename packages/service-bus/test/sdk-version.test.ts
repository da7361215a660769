import { readFileSync } from "node:fs";
import { ServiceBusClient } from "@azure/service-bus";
import { systemClock } from "@anyqueue/core/adapter";
import { expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import { OLDEST_SDK, ofKnownSdk } from "../src/sdk-version.ts";
import { never, queueOf, rejection } from "./open-adapter.ts";

const TEXT = "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=s";

/** A client that says it is of this release, in the place where the SDK says so. */
function clientOf(version: string): ServiceBusClient {
  const client = new ServiceBusClient(TEXT);
  const context: unknown = Reflect.get(client, "_connectionContext");
  const { connection } = context as { connection: { options: { properties: { version: string } } } };
  expect(connection.options.properties.version).toMatch(/^7\./);
  connection.options.properties.version = version;
  return client;
}

test.each(["7.0.0", "7.9.3"])("a client of SDK %s is refused before it connects", async (version) => {
  const url = {
    scheme: "service-bus",
    authority: "shop",
    path: "",
    parameters: {},
    text: "service-bus://shop",
  };
  const adapter = serviceBus({ client: clientOf(version) }).connect(url, { clock: systemClock });
  expect(await rejection(adapter.openProducer(queueOf(adapter, "orders")).open?.(never))).toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(`@azure/service-bus ${version} is too old`),
    remedy: expect.stringContaining(OLDEST_SDK),
  });
  await adapter.close();
});

test.each([OLDEST_SDK, "7.10.0-beta.2", "8.0.0"])("one of %s is not", (version) => {
  expect(() => ofKnownSdk(clientOf(version))).not.toThrow();
});

test("nor is one that does not say", () => {
  expect(() => ofKnownSdk({} as ServiceBusClient)).not.toThrow();
});

test("the peer range begins with the oldest release", () => {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  expect(JSON.parse(manifest)).toMatchObject({
    peerDependencies: { "@azure/service-bus": `^${OLDEST_SDK}` },
  });
});
