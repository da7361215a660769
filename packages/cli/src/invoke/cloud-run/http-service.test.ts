import { connect } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { HttpService } from "./http-service.ts";

/** Prints its process id when it starts, and ends when told to. */
const SERVICE = `
import { createServer } from "node:http";
console.log(process.pid);
createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => (body === "end" ? process.exit(1) : response.writeHead(204).end()));
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

async function serviceOf(
  source: string,
  exportName?: string,
): Promise<{ service: HttpService; lines: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-"));
  const path = join(folder, "service.mjs");
  await writeFile(path, source);
  const lines: string[] = [];
  const service = new HttpService({
    file: { path, exportName },
    target: undefined,
    path: "/",
    timeoutMs: 20_000,
    onLine: (line) => lines.push(line),
  });
  onTestFinished(async () => {
    await service.close();
    await rm(folder, { recursive: true });
  });
  return { service, lines };
}

test("requests after a crash start one process, though they come at once", async () => {
  const { service, lines } = await serviceOf(SERVICE);
  await service.start();
  expect(await service.post({ headers: {}, body: "end" })).toMatchObject({ kind: "crash" });
  const posted = Array.from({ length: 4 }, async () => await service.post({ headers: {}, body: "" }));
  for (const answer of await Promise.all(posted)) expect(answer).toEqual({ kind: "status", status: 204 });
  expect(lines).toHaveLength(2);
});

/** Closes each connection after one answer, when the next request is already on its way. */
const FORGETFUL_SERVICE = `
import { createServer } from "node:http";
const answered = new Set();
createServer((request, response) => {
  console.log(request.headers.id);
  if (answered.has(request.socket)) return request.socket.destroy();
  answered.add(request.socket);
  response.writeHead(204).end();
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

test("a connection that the service closed as idle is no crash: the request goes over another one", async () => {
  const { service, lines } = await serviceOf(FORGETFUL_SERVICE);
  await service.start();
  for (const id of ["1", "2"])
    expect(await service.post({ headers: { id }, body: "" })).toEqual({ kind: "status", status: 204 });
  await expect.poll(() => lines).toEqual(["1", "2", "2"]);
});

test("a crash is one on a connection that was used before, too", async () => {
  const { service } = await serviceOf(SERVICE);
  await service.start();
  expect(await service.post({ headers: {}, body: "" })).toEqual({ kind: "status", status: 204 });
  expect(await service.post({ headers: {}, body: "end" })).toMatchObject({ kind: "crash" });
});

test("a service may say that it is ready", async () => {
  const { service } = await serviceOf(`process.send("ready");\n${SERVICE}`);
  await service.start();
  expect(await service.post({ headers: {}, body: "" })).toEqual({ kind: "status", status: 204 });
});

test("a handler is served on loopback alone", async () => {
  const { service, lines } = await serviceOf(
    `console.log(process.env.PORT); export const handler = (_request, response) => response.writeHead(204).end();`,
  );
  await service.start();
  // On Linux, a server that listens on all addresses of the machine has this one too.
  const socket = connect(Number(lines[0]), "127.0.0.2");
  const isOpen = await new Promise((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  socket.destroy();
  expect(isOpen).toBe(false);
});

const ANSWERS_204 = "(request) => new Response(null, { status: request.headers.get('x') ? 204 : 500 })";

test.each([undefined, "POST"])("an export POST takes a Request, chosen by %s", async (exportName) => {
  const { service } = await serviceOf(`export const POST = ${ANSWERS_204};`, exportName);
  await service.start();
  expect(await service.post({ headers: { x: "1" }, body: "" })).toEqual({ kind: "status", status: 204 });
});

test("a handler that returns a Response is answered for, and told how to be exported", async () => {
  const { service, lines } = await serviceOf(`export const handler = () => new Response(null);`);
  await service.start();
  expect(await service.post({ headers: {}, body: "" })).toEqual({ kind: "status", status: 500 });
  await expect.poll(() => lines.join("\n")).toContain("export it as POST, or as { fetch: handler }");
});
