import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL("with-credential.ts", import.meta.url));

let emulator: Emulator;
let folder: string;

beforeAll(async () => {
  emulator = await startEmulator({
    serviceBusPort: 0,
    serviceBusConfig: { UserConfig: { Namespaces: [{ Queues: [{ Name: "orders" }] }] } },
  });
  folder = await mkdtemp(join(tmpdir(), "anyqueue-test-"));
  await writeFile(join(folder, "ca.pem"), emulator.serviceBus.certificateAuthority());
});

afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true, force: true });
});

interface Seen {
  readonly outcome: unknown;
  readonly ms: number;
}

async function seenWith(credential: string): Promise<readonly Seen[]> {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") };
  // By name: Node 26 refuses the SDK's connection over TLS to an IP address.
  const endpoint = emulator.endpoints.serviceBus?.replace("127.0.0.1", "localhost") ?? "";
  const args = ["--conditions=@anyqueue/source", PROGRAM, credential, endpoint];
  const { stdout } = await run(process.execPath, args, { env, timeout: 58_000 });
  return JSON.parse(stdout) as readonly Seen[];
}

test.each([
  ["that has its token", "good"],
  ["that asks a server, whose connection ends", "asks a server"],
  ["of a client that was given in, and asks a server", "asks a server for a client of one's own"],
])("a TokenCredential %s opens a namespace, over TLS", async (_, credential) => {
  const [{ outcome } = { outcome: undefined }] = await seenWith(credential);
  expect(outcome).toBe("one");
  expect(emulator.serviceBus.entities()).toMatchObject([{ path: "orders", messages: [] }]);
});

test.each([
  ["hangs", /the credential returned no token within 4000 ms/],
  ["finds nothing", /the credential returned no token/],
  ["fails", /the credential returned no token: no identity is assigned to this machine/],
])(
  "a credential that %s is UNAUTHENTICATED within five seconds: for a send, a start and an administrative call",
  async (credential, message) => {
    const seen = await seenWith(credential);
    expect(seen).toHaveLength(3);
    for (const { outcome, ms } of seen) {
      expect(outcome).toMatchObject({ code: "UNAUTHENTICATED", message: expect.stringMatching(message) });
      // One wait for the token takes four seconds; the rest is for a busy machine.
      expect(ms).toBeLessThan(7_500);
    }
  },
);
