import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { runAdministration } from "../../support/running-administration.ts";

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL("../../support/send-over-tls.ts", import.meta.url));

/** Output of a program that trusts the authority from its start, which needs a new process. */
async function runTrusting(ca: string, args: readonly string[]): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-test-"));
  try {
    const file = join(folder, "ca.pem");
    await writeFile(file, ca);
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: file };
    const { stdout } = await run(process.execPath, [PROGRAM, ...args], { env, timeout: 58_000 });
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe("the data client over TLS", () => {
  const ports = [
    ["the port that takes everything", "serviceBus", { serviceBusPort: 0 }],
    ["the port for TLS alone", "serviceBusTls", { serviceBusPort: 0, serviceBusTlsPort: 0 }],
  ] as const;

  test.each(ports)("sends, receives and settles on %s", async (_name, endpoint, options) => {
    const { admin, emulator } = await runAdministration("TLS", options);
    await admin.createQueue("orders");
    const address = emulator.endpoints[endpoint] ?? "";
    const seen = await runTrusting(emulator.serviceBus.certificateAuthority(), ["key", address, "orders"]);
    expect(seen).toEqual({ bodies: ["one", "two"] });
    expect(emulator.serviceBus.entities()).toMatchObject([
      { path: "orders", messages: [], outcomes: { one: { completed: 1 }, two: { completed: 1 } } },
    ]);
  });

  test("works with a credential that gives tokens, which the client takes over TLS alone", async () => {
    const { admin, emulator } = await runAdministration("TLS", { serviceBusTlsPort: 0, strictTokens: true });
    await admin.createQueue("orders");
    const { serviceBus, endpoints } = emulator;
    const address = endpoints.serviceBusTls ?? "";
    const seen = await runTrusting(serviceBus.certificateAuthority(), ["token", address, "orders"]);
    expect(seen).toEqual({ bodies: ["one", "two"] });
  });
});

test("entities carry the address under which they were asked for, with its scheme", async () => {
  const { emulator } = await runAdministration();
  const { serviceBus: address = "" } = emulator.endpoints;
  const path = "/$namespaceinfo?api-version=2021-05";
  const plain = await (await fetch(`http://${address}${path}`)).text();
  expect(plain).toContain(`<id>http://${address}${path}</id>`);
  const asked = request(`https://${address}${path}`, { ca: emulator.serviceBus.certificateAuthority() });
  asked.end();
  const [response] = await once(asked, "response");
  expect(await text(response)).toContain(`<id>https://${address}${path}</id>`);
  asked.destroy();
});
