import { expect, test } from "vitest";
import { PARTNERS } from "../../../sqs/test/interop/partner-servers.ts";
import { withEmulator } from "./external-client.ts";
import { recordedScores, scoresOf } from "./probes/recorded-scores.ts";
import { PROBES, runProbes } from "./probes/run-probes.ts";

test("our emulator does in every probe what SQS does", async () => {
  await withEmulator(async (emulator) => {
    const results = await runProbes(emulator.endpoints.sqs ?? "");
    expect([...results].filter(([, failure]) => failure !== undefined)).toEqual([]);
    expect(results.size).toBe(PROBES.length);
    expect(scoresOf(results)).toEqual(recordedScores("anyqueue"));
  });
});

for (const partner of PARTNERS) {
  test(`${partner.name} fails exactly the probes that are recorded, and at least one`, async (context) => {
    const why = partner.missing();
    if (why !== undefined) return context.skip(why);
    const server = await partner.start();
    try {
      const scores = scoresOf(await runProbes(server.endpoint));
      expect(scores).toEqual(recordedScores(partner.name));
      expect(Object.values(scores)).toContain("no");
    } finally {
      await server.close();
    }
  });
}
