import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { runAdministration } from "../../support/running-administration.ts";

const PATH = "/$servicebus/websocket";
const SASL_HEADER = Uint8Array.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0]);

async function addressOf(): Promise<string> {
  const { emulator } = await runAdministration();
  return emulator.endpoints.serviceBus ?? "";
}

/** Checks what the other side answers to these bytes, and that it closes when asked to. */
async function answerTo(socket: WebSocket, bytes: Uint8Array<ArrayBuffer>): Promise<Buffer> {
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  const answered = new Promise<Buffer>((resolve) => {
    socket.addEventListener("message", ({ data }) => resolve(Buffer.from(data as ArrayBuffer)));
  });
  socket.send(bytes);
  const answer = await answered;
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
  socket.close();
  await closed;
  return answer;
}

test("AMQP is spoken inside a WebSocket as outside of one", async () => {
  const socket = new WebSocket(`ws://${await addressOf()}${PATH}`, ["AMQPWSB10"]);
  const answer = await answerTo(socket, SASL_HEADER);
  expect(socket.protocol).toBe("AMQPWSB10");
  expect(answer.subarray(0, SASL_HEADER.length)).toEqual(Buffer.from(SASL_HEADER));
});

test.each([
  ["another subprotocol", PATH, ["chat"]],
  ["another path", "/elsewhere", ["AMQPWSB10"]],
])("a WebSocket with %s is refused", async (_what, path, protocols) => {
  const socket = new WebSocket(`ws://${await addressOf()}${path}`, protocols);
  const closed = new Promise<object>((resolve) => socket.addEventListener("close", resolve));
  expect(await closed).toMatchObject({ wasClean: false });
});

test("a client that disconnects while it is refused does no harm", async () => {
  const address = await addressOf();
  const [host = "", port = ""] = address.split(":");
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const client = connect(Number(port), host);
    await once(client, "connect");
    const head = `GET ${PATH} HTTP/1.1\r\nHost: ${address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
    client.write(`${head}\r\n${"x".repeat(100_000)}`);
    client.resetAndDestroy();
  }
  expect((await fetch(`http://${address}${PATH}`)).status).toBe(426);
});

test("the path without an upgrade explains what it is for", async () => {
  const response = await fetch(`http://${await addressOf()}${PATH}`);
  expect([response.status, response.headers.get("upgrade")]).toEqual([426, "websocket"]);
});

test("an unknown upgrade is not a reason to refuse a request", async () => {
  const headers = {
    connection: "Upgrade, HTTP2-Settings",
    upgrade: "h2c",
    "http2-settings": "AAMAAABkAAQAAP__",
  };
  const asked = request(`http://${await addressOf()}/$namespaceinfo?api-version=2021-05`, { headers });
  asked.end();
  const [response] = await once(asked, "response");
  expect([response.statusCode, await text(response)]).toEqual([
    200,
    expect.stringContaining("NamespaceInfo"),
  ]);
});
