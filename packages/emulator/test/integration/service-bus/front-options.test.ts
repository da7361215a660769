import { describe, expect, test } from "vitest";
import { controlClient } from "../../../src/control/control-client.ts";
import { startEmulator, type Emulator } from "../../../src/emulator.ts";
import type { EmulatorOptions } from "../../../src/emulator-options.ts";
import type { ServiceBusConfig } from "../../../src/fronts/service-bus/config/service-bus-config.ts";
import { spawnEmulator } from "../../../src/spawn-emulator.ts";
import { administrationClient, runAdministration } from "../../support/running-administration.ts";

const ORDERS: ServiceBusConfig = { UserConfig: { Namespaces: [{ Queues: [{ Name: "orders" }] }] } };

async function withEmulator<Result>(
  options: EmulatorOptions,
  use: (emulator: Emulator) => Result | Promise<Result>,
): Promise<Result> {
  const emulator = await startEmulator(options);
  try {
    return await use(emulator);
  } finally {
    await emulator.close();
  }
}

describe("which fronts start", () => {
  test.each([
    [{}, ["control", "sqs", "serviceBus", "pubsub"]],
    [{ sqsPort: 0 }, ["control", "sqs"]],
    [{ serviceBusPort: 0 }, ["control", "serviceBus"]],
    [{ serviceBusTlsPort: 0 }, ["control", "serviceBusTls"]],
    [{ serviceBusPort: 0, serviceBusTlsPort: 0 }, ["control", "serviceBus", "serviceBusTls"]],
    [{ sqsPort: false as const }, ["control", "serviceBus", "pubsub"]],
    [{ serviceBusConfig: ORDERS }, ["control", "sqs", "serviceBus", "pubsub"]],
  ])("%j: those that are named, or all", async (options, names) => {
    await withEmulator(options, async ({ endpoints }) => {
      expect(Object.keys(endpoints)).toEqual(names);
      expect(await controlClient(endpoints.control).count()).toBe(0);
    });
  });

  test("the connection string leaves TLS out unless nothing else is offered", async () => {
    const variable = "ANYQUEUE_SERVICE_BUS_CONNECTION_STRING";
    const access = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=anyqueue";
    await withEmulator({ serviceBusPort: 0, serviceBusTlsPort: 0 }, ({ endpoints, environment }) => {
      expect(environment).toEqual({
        [variable]: `Endpoint=sb://${endpoints.serviceBus};${access};UseDevelopmentEmulator=true`,
      });
    });
    await withEmulator({ serviceBusTlsPort: 0 }, ({ endpoints, environment }) => {
      expect(environment).toEqual({ [variable]: `Endpoint=sb://${endpoints.serviceBusTls};${access}` });
    });
  });

  test("without the front there are no entities, and what needs it says so", async () => {
    await withEmulator({ sqsPort: 0 }, ({ serviceBus }) => {
      expect(serviceBus.entities()).toEqual([]);
      expect(() => serviceBus.certificateAuthority()).toThrow("The Service Bus front is off.");
      expect(() => {
        serviceBus.apply(ORDERS);
      }).toThrow("The Service Bus front is off.");
    });
  });

  test.each([
    [{ serviceBusPort: -1 }, /^serviceBusPort must be a port from 0 to 65535 or false, got -1\.$/u],
    [
      { serviceBusTlsPort: 70_000 },
      /^serviceBusTlsPort must be a port from 0 to 65535 or false, got 70000\.$/u,
    ],
    [{ strictTokens: "yes" }, /^strictTokens must be true or false, got "yes"\.$/u],
    [
      { sqsPort: 0, serviceBusConfig: ORDERS },
      /^serviceBusConfig has no use without the Service Bus front\./u,
    ],
    [{ serviceBusConfig: { Queues: [] } }, /^Queues in the Service Bus configuration is not known\./u],
  ])("%j is refused", async (options, message) => {
    // @ts-expect-error that is the point
    await expect(startEmulator(options)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringMatching(message),
    });
  });

  test("a TLS port that is taken leaves no other port open", async () => {
    await withEmulator({ serviceBusTlsPort: 0 }, async ({ endpoints }) => {
      const taken = Number(endpoints.serviceBusTls?.split(":")[1]);
      const start = startEmulator({ serviceBusPort: 0, serviceBusTlsPort: taken });
      await expect(start).rejects.toMatchObject({ code: "CANNOT_LISTEN" });
    });
  });
});

describe("entities from a configuration", () => {
  test("are there from the start, and again after a reset", async () => {
    const { admin, emulator, connect } = await runAdministration("plain HTTP", { serviceBusConfig: ORDERS });
    await admin.createQueue("more");
    await connect()
      .createSender("orders")
      .sendMessages([{ body: 1, messageId: "m" }]);
    expect(emulator.serviceBus.entities()).toMatchObject([
      { path: "more" },
      { path: "orders", messages: [{ messageId: "m", state: "ready" }] },
    ]);
    emulator.reset();
    expect(emulator.serviceBus.entities()).toMatchObject([{ path: "orders", messages: [] }]);
  });

  test("can be added later, but not twice", async () => {
    const { admin, emulator } = await runAdministration();
    emulator.serviceBus.apply(ORDERS);
    expect(await admin.queueExists("orders")).toBe(true);
    expect(() => {
      emulator.serviceBus.apply(ORDERS);
    }).toThrow(
      /^UserConfig\.Namespaces\[0\]\.Queues\[0\] of the Service Bus configuration: .*already exists/u,
    );
  });
});

describe("the control API", () => {
  test("shows entities and the authority, and applies a configuration", async () => {
    const emulator = await spawnEmulator({ serviceBusPort: 0, serviceBusConfig: ORDERS });
    try {
      const { serviceBus } = emulator.control;
      expect(await serviceBus.entities()).toMatchObject([
        { kind: "queue", path: "orders", counts: { active: 0 } },
      ]);
      await serviceBus.apply({ UserConfig: { Namespaces: [{ Topics: [{ Name: "events" }] }] } });
      expect((await serviceBus.entities()).map(({ path }) => path)).toEqual(["orders", "events"]);
      await expect(serviceBus.apply(ORDERS)).rejects.toThrow("already exists");
      const connectionString = emulator.environment["ANYQUEUE_SERVICE_BUS_CONNECTION_STRING"] ?? "";
      const admin = administrationClient(connectionString, await serviceBus.certificateAuthority());
      expect(await admin.topicExists("events")).toBe(true);
    } finally {
      await emulator.close();
    }
  });

  test("refuses an invalid configuration", async () => {
    const { emulator } = await runAdministration();
    const response = await fetch(`${emulator.endpoints.control}/__anyqueue/service-bus/entities`, {
      method: "POST",
      body: `{"UserConfig":{}}`,
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("UserConfig.Namespaces must be given");
  });
});
