import { expect, test } from "vitest";
import { conformanceOnPartner } from "../../../../tooling/conformance/on-partner.ts";
import { pubsubBackend } from "../pubsub-harness.ts";
import { PSTEST } from "./partner-servers.ts";
import { PSTEST_KINDS } from "./pstest-deviations.ts";

/** Two minutes of waiting, and Go's compiler before: the pipeline leaves it to Google's emulator. */
const isAskedFor = process.env["ANYQUEUE_INTEROP"] === "all";

test.skipIf(isAskedFor)("pstest is asked for by ANYQUEUE_INTEROP=all", () => {
  expect(PSTEST_KINDS).not.toEqual([]);
});

for (const { kind, ...on } of isAskedFor ? PSTEST_KINDS : []) {
  conformanceOnPartner(PSTEST, `${kind} subscriptions`, {
    ...on,
    backend: async (endpoint) => await pubsubBackend(endpoint, kind),
  });
}
