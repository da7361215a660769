import { startEmulator } from "@anyqueue/emulator";
import { beforeAll, expect, test, vi } from "vitest";
import { GOOGLE_EMULATOR, PSTEST } from "../../../../../pubsub/test/interop/partner-servers.ts";
import { GOOGLE_EMULATOR_DIFFERENCES } from "./google-emulator-differences.ts";
import { PSTEST_DIFFERENCES } from "./pstest-differences.ts";
import { differencesOf } from "./run-scenarios.ts";
import { SCENARIOS } from "./scenarios.ts";

beforeAll(() => {
  // Without it, the client looks for a metadata server and warns that there is none.
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
});

test("each scenario has a title of its own", () => {
  expect(new Set(SCENARIOS.map(({ title }) => title)).size).toBe(SCENARIOS.length);
});

test("our emulator does in every scenario what Pub/Sub does", async () => {
  const emulator = await startEmulator({ pubsubPort: 0 });
  try {
    expect(await differencesOf(emulator.endpoints.pubsub ?? "")).toEqual({});
  } finally {
    await emulator.close();
  }
});

test.for([
  { partner: GOOGLE_EMULATOR, table: GOOGLE_EMULATOR_DIFFERENCES },
  { partner: PSTEST, table: PSTEST_DIFFERENCES },
])("$partner.name does the same, but for the listed differences", async ({ partner, table }, context) => {
  const why = partner.missing();
  if (why !== undefined) return context.skip(why);
  const recorded = Object.entries(table.differences).map(([title, { seen }]) => [title, seen]);
  const server = await partner.start();
  try {
    const differences = await differencesOf(server.endpoint, Object.keys(table.notRun));
    expect(differences).toEqual(Object.fromEntries(recorded));
  } finally {
    await server.close();
  }
});
