import { expect, test } from "vitest";
import { runClient } from "../external-client.ts";
import { goProgram } from "./installed-clients.ts";
import { withServiceBus, WORLD, type ServiceBusUnderTest } from "./with-service-bus.ts";

test.for<readonly [string, (servers: ServiceBusUnderTest) => Readonly<Record<string, string>>]>([
  ["in plain TCP", ({ plain }) => ({ CONNECTION_STRING: plain })],
  ["inside TLS", ({ tls, caFile }) => ({ CONNECTION_STRING: tls, CA_FILE: caFile })],
])(
  "azservicebus sends, settles, defers, schedules, filters and holds sessions %s",
  async ([, environment], context) => {
    const program = await goProgram(context);
    await withServiceBus(WORLD, async (servers) => {
      const env = environment(servers);
      const seen: unknown = JSON.parse(await runClient(servers.emulator, program, ["data"], { env }));
      expect(seen).toEqual({
        peeked: 6,
        received: ["one", "body 2", "body 3", "body 4", "body 5", "body 6"],
        properties: { n: 1, s: "x", b: true },
        // This client also counts the current delivery.
        again: ["2", 2],
        deferred: "4",
        dead: ["3", "broken", "It does not parse."],
        scheduled: 1,
        left: 0,
        state: "halfway",
        session: ["of a"],
        next: "b",
        filtered: ["high"],
        missing: true,
      });
    });
  },
);

test("azservicebus administers every kind of entity, over TLS", async (context) => {
  const program = await goProgram(context);
  await withServiceBus(undefined, async ({ emulator, plain, caFile }) => {
    const env = { CONNECTION_STRING: plain, CA_FILE: caFile };
    const seen: unknown = JSON.parse(await runClient(emulator, program, ["admin"], { env }));
    expect(seen).toMatchObject({
      queue: ["orders", "PT2M", 3, true, "<mine>"],
      updated: 4,
      // This client requests pages until one is empty.
      pages: [["orders", "q0"], ["q1", "q2"], ["q3", "q4"], null],
      runtime: [0, false],
      mine: { Expression: "n > @n", Parameters: { "@n": 5, "@s": "x", "@f": 1.5, "@b": true } },
      exact: [{ Subject: "blue", ApplicationProperties: { k: "v", n: 7 } }, { Expression: "SET a = 1" }],
      namespace: "anyqueue",
      missing: true,
      exists: true,
    });
  });
});
