import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test, type TestContext } from "vitest";
import { runClient } from "../external-client.ts";
import { pythonWithServiceBus } from "./installed-clients.ts";
import { withServiceBus, WORLD, type ServiceBusUnderTest } from "./with-service-bus.ts";

const script = (name: string): string => fileURLToPath(new URL(`python/${name}.py`, import.meta.url));

/** The only port to which uamqp connects. */
const AMQPS_PORT = 5_671;

/** The output of `data_round_trip.py`. */
const ROUND_TRIP = {
  peeked: ["1", "2", "3", "4", "5", "6"],
  received: [["1", "one", 0], ...[2, 3, 4, 5, 6].map((n) => [String(n), `body ${n}`, 0])],
  properties: { n: 1, s: "x", b: true },
  renewed: true,
  again: ["2", 1],
  deferred: ["4"],
  dead: ["3", "broken", "It does not parse."],
  scheduled: ["SCHEDULED", "SCHEDULED"],
  left: 0,
  big: 200_000,
  state: "halfway",
  lock: true,
  session: ["of a", "of a"],
  next: "b",
  filtered: ["high"],
  errors: ["MessagingEntityNotFoundError", "MessageNotFoundError", "SessionCannotBeLockedError"],
};

test("azure-servicebus sends, settles, defers, schedules, filters and holds sessions", async (context) => {
  const python = await pythonWithServiceBus(context);
  await withServiceBus(WORLD, async ({ emulator, plain }) => {
    const env = { CONNECTION_STRING: plain };
    const seen: unknown = JSON.parse(await runClient(emulator, python, [script("data_round_trip")], { env }));
    expect(seen).toEqual(ROUND_TRIP);
    expect(emulator.serviceBus.entities()[0]?.outcomes).toMatchObject({
      "1": { completed: 1 },
      "2": { abandoned: 1, completed: 1 },
      "3": { deadLettered: 1 },
      "4": { deferred: 1, completed: 1 },
    });
  });
});

test("azure-servicebus does the same inside TLS", async (context) => {
  const python = await pythonWithServiceBus(context);
  await withServiceBus(WORLD, async ({ emulator, tls, caFile }) => {
    const endpoint = `https://${emulator.endpoints.serviceBusTls}`;
    const env = { CONNECTION_STRING: tls, CA_FILE: caFile, ENDPOINT: endpoint };
    const seen: unknown = JSON.parse(await runClient(emulator, python, [script("data_round_trip")], { env }));
    expect(seen).toMatchObject({ again: ["2", 1], session: ["of a", "of a"], filtered: ["high"] });
  });
});

test("azure-servicebus on uamqp, its AMQP in C, does the same inside TLS", async (context) => {
  const python = await pythonWithServiceBus(context, "uamqp");
  await requirePort(context, AMQPS_PORT);
  const use = async ({ emulator, tls, caFile }: ServiceBusUnderTest): Promise<void> => {
    const env = { CONNECTION_STRING: tls.replace(`:${AMQPS_PORT}`, ""), CA_FILE: caFile };
    const seen: unknown = JSON.parse(await runClient(emulator, python, [script("data_round_trip")], { env }));
    // This client reports a refused link as a failed connection.
    const [, ...errors] = ROUND_TRIP.errors;
    expect(seen).toEqual({ ...ROUND_TRIP, errors: ["ServiceBusCommunicationError", ...errors] });
  };
  await withServiceBus(WORLD, use, { serviceBusTlsPort: AMQPS_PORT });
});

test("azure-servicebus administers every kind of entity, over TLS", async (context) => {
  const python = await pythonWithServiceBus(context);
  await withServiceBus(undefined, async ({ emulator, plain, caFile }) => {
    const env = { CONNECTION_STRING: plain, CA_FILE: caFile };
    const seen: unknown = JSON.parse(
      await runClient(emulator, python, [script("admin_round_trip")], { env }),
    );
    expect(seen).toEqual({
      queue: ["orders", true, 3, true, "<mine>", "listen"],
      updated: 4,
      queues: ["orders", "q0", "q1", "q2"],
      runtime: [0, 4],
      subscription: ["shop/events", "audit", "q0"],
      sql: [
        "n > @n AND d < @d",
        { "@d": "2020-01-02 03:04:05+00:00", "@f": "1.5", "@n": "5", "@s": "x" },
        "SET a = 1",
      ],
      exact: ["blue", { b: "True", k: "v", n: "7" }],
      rules: [
        ["$Default", "TrueRuleFilter"],
        ["exact", "CorrelationRuleFilter"],
        ["no", "FalseRuleFilter"],
        ["sql", "SqlRuleFilter"],
        ["yes", "TrueRuleFilter"],
      ],
      namespace: "anyqueue",
      errors: [
        "ResourceNotFoundError",
        "ResourceExistsError",
        "ResourceNotFoundError",
        "ResourceNotFoundError",
        ["HttpResponseError", 400],
      ],
      left: ["q0", "q1", "q2"],
    });
  });
});

async function requirePort(context: TestContext, port: number): Promise<void> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  if (!isFree) context.skip(`port ${port}, the only one that this client dials, is taken`);
  await new Promise((resolve) => server.close(resolve));
}
