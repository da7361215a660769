import { hash } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import type { LeanClient } from "../src/lean-client.ts";
import type { ClientSettings } from "../src/sqs-client.ts";
import { classifySqsError } from "../src/sqs-errors.ts";
import { REQUEST_TIMEOUT_MS } from "../src/sqs-limits.ts";
import {
  call,
  connect,
  lastCall,
  OPERATIONS,
  plain,
  QueueUrl,
  serveEachTest,
  server,
  taught,
} from "./copying-clients.ts";
import { ANY_CREDENTIALS, present, rejection } from "./open-adapter.ts";
import { until, type ScriptedCall } from "./scripted-server.ts";

serveEachTest();

/** The hash too: some releases of the SDK write the fields of a body in another order. */
const EACH_ITS_OWN = ["amz-sdk-invocation-id", "authorization", "x-amz-content-sha256", "x-amz-date"];

/** Returns what must be the same in two requests with the same input. */
function sameIn({ headers, input }: ScriptedCall): unknown {
  return [
    input,
    Object.entries(headers).map(([name, value]) => (EACH_ITS_OWN.includes(name) ? name : [name, value])),
  ];
}

/** Signs a received request with the SDK's own signer. */
async function signatureOf(client: LeanClient, { headers, text }: ScriptedCall): Promise<string | undefined> {
  const { authorization: _, connection: __, ...signed } = headers as Record<string, string>;
  const stamp = present(signed["x-amz-date"], "date");
  const signingDate = new Date(stamp.replace(/^(....)(..)(..T..)(..)(..)Z$/, "$1-$2-$3:$4:$5Z"));
  const signer = await client.sdkClient.config.signer({
    name: "sigv4",
    signingName: "sqs",
    signingRegion: "eu-west-1",
    properties: {},
  });
  const request = {
    method: "POST",
    protocol: "http:",
    hostname: "",
    path: "/",
    query: {},
    headers: signed,
    body: text,
  };
  return (await signer.sign(request, { signingDate })).headers["authorization"];
}

describe("a copy", () => {
  test.each(OPERATIONS)("of %s is, on the wire, what the SDK sends", async (operation) => {
    const { client, made } = await taught(operation);
    await call(client, operation);
    expect(made()).toBe(2);
    const copy = lastCall();
    // The same from a client of ours that has not learned yet, and therefore sends no copy.
    await call(connect().client, operation);
    expect(sameIn(copy)).toEqual(sameIn(lastCall()));
    expect(copy.headers["authorization"]).toBe(await signatureOf(client, copy));
    expect(copy.headers["x-amz-content-sha256"]).toBe(hash("sha256", copy.text));
    expect(copy.headers["amz-sdk-invocation-id"]).toMatch(/^[0-9a-f-]{36}$/);
    // A plain SDK client sends the same body.
    await call(plain(), operation);
    expect(copy.input).toEqual(lastCall().input);
  });

  test("with a big message is signed for the bytes that go out", async () => {
    const { client, made } = await taught("SendMessageBatch");
    const input = { QueueUrl, Entries: [{ Id: "0", MessageBody: `"é 😀" \\ \t${"x".repeat(100_000)}` }] };
    await client.send("SendMessageBatchCommand", input, { timeoutMs: REQUEST_TIMEOUT_MS });
    expect(made()).toBe(2);
    expect(lastCall().text).toBe(JSON.stringify(input));
    expect(lastCall().headers["content-length"]).toBe(String(Buffer.byteLength(lastCall().text)));
    expect(lastCall().headers["authorization"]).toBe(await signatureOf(client, lastCall()));
  });

  test("is signed with the session token, and says so", async () => {
    const credentials = { ...ANY_CREDENTIALS, sessionToken: "token/+=" };
    const { client, made } = await taught("SendMessageBatch", { credentials });
    await call(client, "SendMessageBatch");
    expect(made()).toBe(2);
    expect(lastCall().headers["x-amz-security-token"]).toBe("token/+=");
    expect(lastCall().headers["authorization"]).toBe(await signatureOf(client, lastCall()));
  });

  test("says what the application wants to be said of it", async () => {
    const clientOptions: ClientSettings["clientOptions"] = { customUserAgent: [["shop", "1.0"]] };
    const { client, made } = await taught("SendMessageBatch", { clientOptions });
    await call(client, "SendMessageBatch");
    expect(made()).toBe(2);
    expect(lastCall().headers["user-agent"]).toMatch(/ shop\/1\.0$/);
    expect(lastCall().headers["authorization"]).toBe(await signatureOf(client, lastCall()));
  });

  test("is signed with the key of its day", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-11-29T23:59:59Z") });
    server.script(() => ({ body: {}, headers: { date: new Date().toUTCString() } }));
    const { client, made } = await taught("SendMessageBatch");
    vi.setSystemTime(Date.parse("2026-11-30T00:00:01Z"));
    await call(client, "SendMessageBatch");
    expect(made()).toBe(2);
    expect(lastCall().headers["x-amz-date"]).toBe("20261130T000001Z");
    expect(lastCall().headers["authorization"]).toBe(await signatureOf(client, lastCall()));
  });

  test("ends after its time, and by its signal, as a request of the SDK does", async () => {
    const { client, made } = await taught("SendMessageBatch");
    server.answer("SendMessageBatch", () => "hang");
    const timeout = await rejection(call(client, "SendMessageBatch", { timeoutMs: 1_000 }));
    expect(classifySqsError(timeout, "send")).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    expect(made()).toBe(3);
    const abort = new AbortController();
    const cut = { timeoutMs: 60_000, signal: abort.signal };
    const sending = rejection(call(client, "SendMessageBatch", cut));
    await until(() => server.count("SendMessageBatch") === 4);
    abort.abort();
    expect(classifySqsError(await sending, "send")).toMatchObject({ code: "CANCELLED", ambiguous: true });
    expect(server.count("SendMessageBatch")).toBe(4);
  });
});
