import { once } from "node:events";
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FaultProxy } from "./fault-proxy.ts";

let server: Server;
let received: string[];
let arrived: PromiseWithResolvers<void>;
let proxy: FaultProxy;
let clients: Socket[];

beforeEach(async () => {
  received = [];
  arrived = Promise.withResolvers();
  clients = [];
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      received.push(data.toString());
      arrived.resolve();
      socket.write(`re: ${data.toString()}`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  proxy = await FaultProxy.open({ host: "127.0.0.1", port, seed: 1, slowMs: 20 });
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await proxy.close();
  server.close();
});

async function connect(): Promise<Socket> {
  const [host = "", port = ""] = proxy.address.split(":");
  const client = createConnection({ host, port: Number(port) });
  client.on("error", () => undefined);
  clients.push(client);
  await once(client, "connect");
  return client;
}

async function answerTo(client: Socket, text: string): Promise<string> {
  client.write(text);
  const [data] = await once(client, "data");
  return String(data);
}

/** Resolves with true when the client learns that its connection is gone. */
async function isReset(client: Socket): Promise<boolean> {
  if (!client.closed) await new Promise((resolve) => client.once("close", resolve));
  return true;
}

describe("a fault proxy", () => {
  test("passes both directions on", async () => {
    expect(await answerTo(await connect(), "hello")).toBe("re: hello");
    expect(proxy.accepted).toBe(1);
  });

  test("cuts what is connected, and lets new connections pass", async () => {
    const client = await connect();
    await answerTo(client, "hello");
    proxy.cut();
    expect(await isReset(client)).toBe(true);
    expect(await answerTo(await connect(), "again")).toBe("re: again");
  });

  test("swallows an answer after the request has arrived, and resets instead", async () => {
    const client = await connect();
    proxy.mode = "swallow";
    const answers: string[] = [];
    client.on("data", (data) => answers.push(data.toString()));
    client.write("do it");
    expect(await isReset(client)).toBe(true);
    expect([received, answers]).toEqual([["do it"], []]);
  });

  test("refuses until it is told otherwise", async () => {
    const before = await connect();
    proxy.mode = "refuse";
    expect(await isReset(before)).toBe(true);
    const [host = "", port = ""] = proxy.address.split(":");
    const refused = createConnection({ host, port: Number(port) });
    refused.on("error", () => undefined);
    expect(await isReset(refused)).toBe(true);
    proxy.mode = "pass";
    expect(await answerTo(await connect(), "again")).toBe("re: again");
  });

  test("half-open: the server is gone and the client is not told", async () => {
    const client = await connect();
    await answerTo(client, "hello");
    proxy.mode = "halfOpen";
    const isOver = once(client, "close").then(() => "told");
    client.write("anybody there");
    const other = await connect();
    // The new connection passes. Its answer shows that the old one would have had its answer by then too.
    expect(await answerTo(other, "other")).toBe("re: other");
    expect(await Promise.race([isOver, answerTo(other, "more").then(() => "not told")])).toBe("not told");
    expect(received).toEqual(["hello", "other", "more"]);
  });

  test("a black hole takes everything, and what it took stays dead", async () => {
    const client = await connect();
    await answerTo(client, "hello");
    proxy.mode = "blackHole";
    client.write("lost");
    proxy.mode = "pass";
    client.write("lost too");
    expect(await answerTo(await connect(), "new")).toBe("re: new");
    expect(received).toEqual(["hello", "new"]);
  });

  test("slow: late, and in order", async () => {
    const client = await connect();
    proxy.mode = "slow";
    let text = "";
    client.on("data", (data) => {
      text += data.toString();
    });
    for (const piece of ["one ", "two ", "three"]) client.write(piece);
    await expect.poll(() => text.replaceAll("re: ", "")).toBe("one two three");
  });
});
