import { expect, test } from "vitest";
import { runClient } from "../external-client.ts";
import { javaProgram } from "./installed-clients.ts";
import { withServiceBus, WORLD, type ServiceBusUnderTest } from "./with-service-bus.ts";

const overTls = ({ emulator, tls, caFile }: ServiceBusUnderTest): Readonly<Record<string, string>> => ({
  CONNECTION_STRING: tls,
  CA_FILE: caFile,
  ENDPOINT: `https://${emulator.endpoints.serviceBusTls}`,
});

test.for<readonly [string, (servers: ServiceBusUnderTest) => Readonly<Record<string, string>>]>([
  ["in plain TCP", ({ plain }) => ({ CONNECTION_STRING: plain })],
  ["inside TLS", overTls],
])(
  "azure-messaging-servicebus sends, settles, defers, schedules, filters and holds sessions %s",
  async ([, environment], context) => {
    const program = await javaProgram(context);
    await withServiceBus(WORLD, async (servers) => {
      const { emulator } = servers;
      const env = environment(servers);
      const seen: unknown = JSON.parse(await runClient(emulator, "java", [...program, "data"], { env }));
      expect(seen).toEqual({
        peeked: ["1", "2", "3", "4", "5", "6"],
        received: ["one", "body 2", "body 3", "body 4", "body 5", "body 6"],
        properties: { n: 1, s: "x", b: true },
        renewed: true,
        again: ["2", 1],
        deferred: "4",
        dead: ["3", "broken", "It does not parse."],
        scheduled: ["SCHEDULED", "SCHEDULED"],
        left: 0,
        big: 200_000,
        state: "halfway",
        lock: true,
        session: ["of a", "of a"],
        next: "b",
        rules: ["above-five", "blue"],
        filtered: ["high", "blue"],
        // This client returns an empty answer for a deferred message that is gone.
        errors: ["MESSAGING_ENTITY_NOT_FOUND", "GENERAL_ERROR", "com.microsoft:session-cannot-be-locked"],
      });
      expect(emulator.serviceBus.entities()[0]?.outcomes).toMatchObject({
        "1": { completed: 1 },
        "2": { abandoned: 1, completed: 1 },
        "3": { deadLettered: 1 },
        "4": { deferred: 1, completed: 1 },
      });
    });
  },
);

test("its processors handle a queue with prefetch, and sessions each in its order", async (context) => {
  const program = await javaProgram(context);
  await withServiceBus(WORLD, async ({ emulator, plain }) => {
    const env = { CONNECTION_STRING: plain };
    const seen: unknown = JSON.parse(await runClient(emulator, "java", [...program, "processors"], { env }));
    expect(seen).toEqual({ handled: true, sessions: 5, inOrder: true, errors: [] });
  });
});

test("azure-messaging-servicebus administers every kind of entity, over TLS", async (context) => {
  const program = await javaProgram(context);
  await withServiceBus(undefined, async (servers) => {
    const env = { ...overTls(servers), CONNECTION_STRING: servers.plain };
    const { emulator } = servers;
    const seen: unknown = JSON.parse(await runClient(emulator, "java", [...program, "admin"], { env }));
    expect(seen).toEqual({
      queue: ["orders", "PT2M", 3, true, "<mine>"],
      updated: 4,
      queues: ["orders", "q0", "q1", "q2"],
      runtime: [0, 0],
      // This client reads values of every type as text.
      mine: ["n > @n", { "@b": "true", "@f": "1.5", "@n": "5", "@s": "x" }, "SET a = 1"],
      exact: ["blue", { k: "v", n: "7" }],
      rules: ["exact", "mine"],
      forwardTo: "q0",
      namespace: "anyqueue",
      exists: [true, false],
      errors: ["ResourceNotFoundException", "ResourceExistsException", "400"],
      rest: ["q0", "q1", "q2"],
    });
  });
});
