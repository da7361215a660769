import { conformanceOnPartner } from "../../../../tooling/conformance/on-partner.ts";
import { pubsubBackend } from "../pubsub-harness.ts";
import { PSTEST } from "./partner-servers.ts";
import { PSTEST_KINDS } from "./pstest-deviations.ts";

for (const { kind, ...on } of PSTEST_KINDS) {
  conformanceOnPartner(PSTEST, `${kind} subscriptions`, {
    ...on,
    backend: async (endpoint) => await pubsubBackend(endpoint, kind),
  });
}
