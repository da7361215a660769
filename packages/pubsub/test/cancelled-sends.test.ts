import { createClient, defineQueue } from "@anyqueue/core";
import { expect, test } from "vitest";
import { pubsub } from "../src/index.ts";
import { GrpcError, ScriptedServer } from "./scripted-server.ts";
import { rejection } from "./open-adapter.ts";
const orders = defineQueue<string>("orders", { deadLetter: "none", retry: { attempts: "unlimited" } });
test("a send that somebody in between cancels is sent again; one cancelled here is CANCELLED", async () => {
  const server = await ScriptedServer.start();
  const client = createClient(`pubsub://p?endpoint=${server.endpoint}`, [pubsub()], {
    send: { retryAmbiguous: "always" },
  });
  server.answer("Publish", (nth) =>
    nth === 1 ? new GrpcError(1, "Call cancelled") : nth === 3 ? "hang" : undefined,
  );
  expect(await client.producer(orders).send("a")).toMatchObject({ providerId: "m-0" });
  expect(server.count("Publish")).toBe(2);
  const cut = new AbortController();
  const sent = rejection(client.producer(orders).send("b", { signal: cut.signal }));
  await expect.poll(() => server.count("Publish")).toBe(3);
  cut.abort();
  expect(await sent).toMatchObject({ code: "CANCELLED" });
  expect(server.count("Publish")).toBe(3);
  await client.close();
  server.close();
});
