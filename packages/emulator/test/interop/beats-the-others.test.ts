import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { PARTNERS, type Partner } from "../../../sqs/test/interop/partner-servers.ts";
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

/** A probe of times may find something else beside other work: the partner shows its behaviour in one of some runs. */
const RUNS = 3;

for (const partner of PARTNERS) {
  test(`${partner.name} fails exactly the probes that are recorded, and at least one`, async (context) => {
    const why = partner.missing();
    if (why !== undefined) return context.skip(why);
    const recorded = recordedScores(partner.name);
    expect(Object.values(recorded)).toContain("no");
    let scores = await scoresOn(partner);
    for (let run = 1; run < RUNS && !isDeepStrictEqual(scores, recorded); run += 1)
      scores = await scoresOn(partner);
    expect(scores).toEqual(recorded);
  });
}

async function scoresOn(partner: Partner): Promise<ReturnType<typeof scoresOf>> {
  const server = await partner.start();
  try {
    return scoresOf(await runProbes(server.endpoint));
  } finally {
    await server.close();
  }
}
