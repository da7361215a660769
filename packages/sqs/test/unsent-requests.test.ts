import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import type { ErrorClass } from "@anyqueue/core/adapter";
import { describe, expect, onTestFinished, test } from "vitest";
import { classifySqsError } from "../src/sqs-errors.ts";
import { ANY_CREDENTIALS, never, openAdapter, outgoing, rejection, standard } from "./open-adapter.ts";
import { refusal, ScriptedServer, until } from "./scripted-server.ts";
import { ANSWER, connected, peer, type Peer } from "./tcp-peer.ts";

/** A server that completes no TLS handshake. */
async function unsecured(onHello: (socket: Socket) => void): Promise<Pick<Peer, "send">> {
  const server: Server = createTcpServer((socket) => {
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {}).once("data", () => onHello(socket));
  });
  onTestFinished(() => void server.close());
  return await connected(server, "https:", 4);
}

async function outcomeOf(sending: Promise<unknown>): Promise<ErrorClass> {
  return classifySqsError(await rejection(sending), "send");
}

// A send that may have been applied is not repeated on a standard queue: the application has to handle it.
describe("a request of which nothing went out cannot have been applied", () => {
  test("where its time ended while it waited for a connection", async () => {
    const { send, sockets, requests } = await peer(undefined, 1);
    const first = send();
    await until(() => requests.length === 1);
    expect(await outcomeOf(send({ timeoutMs: 20 }))).toMatchObject({ code: "TIMEOUT", ambiguous: false });
    sockets[0]?.write(ANSWER);
    expect(await first).toBe("{}");
    expect(requests).toHaveLength(1);
  });

  test("where it was aborted while it waited for one", async () => {
    const { send, requests } = await peer(undefined, 1);
    const first = outcomeOf(send({ timeoutMs: 1_000 }));
    await until(() => requests.length === 1);
    const abort = new AbortController();
    const second = outcomeOf(send({ signal: abort.signal }));
    abort.abort();
    expect(await second).toMatchObject({ code: "CANCELLED", ambiguous: false });
    expect(await first).toMatchObject({ code: "TIMEOUT", ambiguous: true });
  });

  test("where the connection ended before hands were shaken", async () => {
    const { send } = await unsecured((socket) => socket.destroy());
    expect(await outcomeOf(send())).toMatchObject({ code: "CONNECTION_LOST", ambiguous: false });
  });

  test("where another protocol answered the handshake", async () => {
    const { send } = await unsecured((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(await outcomeOf(send())).toMatchObject({ code: "CONNECTION_LOST", ambiguous: false });
  });

  test("where its own time ended before", async () => {
    const { send } = await unsecured(() => {});
    expect(await outcomeOf(send({ timeoutMs: 20 }))).toMatchObject({ code: "TIMEOUT", ambiguous: false });
  });

  test("where it was aborted while something was looked up for it", async () => {
    const server = await ScriptedServer.start();
    const adapter = openAdapter(server.endpoint);
    server.answer("GetQueueUrl", () => "hang");
    const abort = new AbortController();
    const sending = outcomeOf(
      adapter.openProducer(standard(adapter)).sendBatch([outgoing("1")], abort.signal),
    );
    await until(() => server.count("GetQueueUrl") === 1);
    abort.abort();
    expect(await sending).toMatchObject({ code: "CANCELLED", ambiguous: false });
    await adapter.close();
    await server.close();
  });

  // This happens once an hour where a role is assumed with a token (EKS).
  test.each([
    ["of the SDK", 0],
    ["that would have been a copy", 3],
  ])("where its credentials could not be fetched, a request %s", async (_, before) => {
    const server = await ScriptedServer.start();
    let isLost = false;
    const credentials = async (): Promise<typeof ANY_CREDENTIALS & { expiration: Date }> => {
      const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
      if (isLost) throw new TypeError("fetch failed", { cause });
      return { ...ANY_CREDENTIALS, expiration: new Date(Date.now() - 1_000) };
    };
    const adapter = openAdapter(server.endpoint, { options: { credentials } });
    const producer = adapter.openProducer(standard(adapter));
    await producer.open?.(never);
    for (let sends = 0; sends < before; sends += 1)
      // oxlint-disable-next-line no-await-in-loop -- one teaches the next
      await producer.sendBatch([outgoing("1")], never);
    isLost = true;
    const outcome = await outcomeOf(producer.sendBatch([outgoing("2")], never));
    expect(outcome).toMatchObject({ code: "CONNECTION_LOST", retryable: true, ambiguous: false });
    expect(server.count("SendMessageBatch")).toBe(before);
    await adapter.close();
    await server.close();
  });

  test("where the client has ended", async () => {
    const { send, handler, sockets } = await peer(ANSWER);
    await send();
    handler.destroy();
    expect(await outcomeOf(send())).toMatchObject({ code: "CONNECTION_LOST", ambiguous: false });
    expect(sockets).toHaveLength(1);
  });
});

test("a request that went out may have been applied, whatever ended its connection", async () => {
  const { send, requests } = await peer(undefined);
  const sending = outcomeOf(send());
  await until(() => requests.length === 1);
  requests[0]?.socket.resetAndDestroy();
  expect(await sending).toMatchObject({ code: "CONNECTION_LOST", ambiguous: true });
});

test.each([
  ["of the SDK", 0],
  ["that is a copy", 3],
])("a request %s that failed at the service may have been applied", async (_, before) => {
  const server = await ScriptedServer.start();
  const adapter = openAdapter(server.endpoint);
  const producer = adapter.openProducer(standard(adapter));
  for (let sends = 0; sends < before; sends += 1)
    // oxlint-disable-next-line no-await-in-loop -- one teaches the next
    await producer.sendBatch([outgoing("1")], never);
  for (const reply of [refusal("InternalFailure", 500), "reset"] as const) {
    server.answer("SendMessageBatch", () => reply);
    // oxlint-disable-next-line no-await-in-loop
    const outcome = await outcomeOf(producer.sendBatch([outgoing("2")], never));
    expect(outcome).toMatchObject({ retryable: true, ambiguous: true });
  }
  await adapter.close();
  await server.close();
});
