import { conformanceOnPartner } from "../../../../tooling/conformance/on-partner.ts";
import { pubsubBackend } from "../pubsub-harness.ts";
import { GOOGLE_EMULATOR_KINDS } from "./google-emulator-deviations.ts";
import { GOOGLE_EMULATOR } from "./partner-servers.ts";

for (const { kind, ...on } of GOOGLE_EMULATOR_KINDS) {
  conformanceOnPartner(GOOGLE_EMULATOR, `${kind} subscriptions`, {
    ...on,
    backend: async (endpoint) => await pubsubBackend(endpoint, kind),
  });
}
