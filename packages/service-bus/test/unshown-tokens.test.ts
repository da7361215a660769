import { once } from "node:events";
import { startEmulator } from "@anyqueue/emulator";
import rhea from "rhea";
import { expect, test } from "vitest";
import { rawAdministration } from "./open-adapter.ts";

test("where tokens are checked, a client that shows none opens no link", async () => {
  const lenient = await startEmulator({ serviceBusPort: 0 });
  const strict = await startEmulator({
    serviceBusPort: 0,
    strictTokens: true,
    serviceBusConfig: { UserConfig: { Namespaces: [{ Name: "n", Queues: [{ Name: "plain" }] }] } },
  });
  await rawAdministration(lenient.endpoints.serviceBus ?? "").createQueue("plain");
  for (const [emulator, outcome] of [
    [lenient, undefined],
    [strict, "amqp:unauthorized-access"],
  ] as const) {
    const { hostname: host, port } = new URL(`amqp://${emulator.endpoints.serviceBus ?? ""}`);
    const connection = rhea.create_container().connect({ host, port: Number(port), reconnect: false });
    for (const address of ["plain", "plain/$management"]) {
      const sender = connection.open_sender(address);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await Promise.race(["sendable", "sender_error"].map(async (event) => await once(sender, event)));
      expect((sender.error as { readonly condition?: string } | undefined)?.condition).toBe(outcome);
    }
    const closed = once(connection, "connection_close");
    connection.close();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await closed;
  }
  await Promise.all([lenient.close(), strict.close()]);
});
