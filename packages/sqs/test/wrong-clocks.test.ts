import type { QueueAdapter } from "@anyqueue/core/adapter";
import { afterEach, beforeEach, expect, test } from "vitest";
import { never, openAdapter, outgoing, standard } from "./open-adapter.ts";
import { ScriptedServer, sent, type ScriptedCall, type ScriptedReply } from "./scripted-server.ts";

const HOUR_MS = 3_600_000;
/** How far a request may be from the service's time. */
const TOLERANCE_MS = 900_000;

let server: ScriptedServer;
let adapter: QueueAdapter;
/** How far the service's clock is ahead of ours. */
let aheadMs: number;

beforeEach(async () => {
  server = await ScriptedServer.start();
  server.script(strict);
  adapter = openAdapter(server.endpoint);
  aheadMs = 0;
});

afterEach(async () => {
  await adapter.close();
  await server.close();
});

/** Refuses requests of another time with the words that it also has for a wrong secret. */
function strict(call: ScriptedCall): ScriptedReply {
  const headers = { date: new Date(Date.now() + aheadMs).toUTCString() };
  if (Math.abs(signedAtMs(call) - Date.now() - aheadMs) > TOLERANCE_MS)
    return { status: 403, body: { __type: "SignatureDoesNotMatch", message: "Signature expired" }, headers };
  const QueueUrl = `${server.endpoint}/000000000000/orders`;
  const entries = (call.input["Entries"] ?? []) as readonly { Id: string; MessageBody: string }[];
  const Successful = entries.map(({ Id, MessageBody }) => sent(Id, MessageBody));
  return { body: call.operation === "GetQueueUrl" ? { QueueUrl } : { Successful }, headers };
}

function signedAtMs({ headers }: ScriptedCall): number {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers["x-amz-date"])) ?? [];
  const [year = 0, month = 0, ...rest] = parts.map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

async function failures(count: number): Promise<readonly string[]> {
  const producer = adapter.openProducer(standard(adapter));
  const sends = Array.from({ length: count }, async (_, index) => {
    try {
      const [result] = await producer.sendBatch([outgoing(String(index))], never);
      return result?.ok === true ? undefined : "refused";
    } catch (error) {
      return adapter.classify(error, "send").code;
    }
  });
  return (await Promise.all(sends)).filter((failure) => failure !== undefined);
}

test("requests that go out together with a wrong clock are all repeated with the service's time", async () => {
  await failures(3);
  aheadMs = HOUR_MS;
  expect(await failures(16)).toEqual([]);
});

test("requests are repeated, too, when our clock is set right", async () => {
  aheadMs = HOUR_MS;
  await failures(3);
  aheadMs = 0;
  expect(await failures(16)).toEqual([]);
});
