import { conformanceOnPartner } from "../../../../tooling/conformance/on-partner.ts";
import { pubsubBackend } from "../pubsub-harness.ts";
import { GOOGLE_EMULATOR_KINDS } from "./google-emulator-deviations.ts";
import { GOOGLE_EMULATOR } from "./partner-servers.ts";

/** Each kind waits two minutes, so a change is checked only with the kind that asks most of the server. */
const isEveryKind = process.env["ANYQUEUE_INTEROP"] === "all";

for (const { kind, ...on } of GOOGLE_EMULATOR_KINDS) {
  if (!isEveryKind && kind !== "ordered") continue;
  conformanceOnPartner(GOOGLE_EMULATOR, `${kind} subscriptions`, {
    ...on,
    backend: async (endpoint) => await pubsubBackend(endpoint, kind),
  });
}
