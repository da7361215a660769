import { conformanceOnPartner } from "../../../../tooling/conformance/on-partner.ts";
import { sqsBackend } from "../sqs-harness.ts";
import { NEED_A_MOVABLE_CLOCK, type PartnerDeviations } from "./partner-deviations.ts";
import type { Partner } from "./partner-servers.ts";

/** Registers a test of the whole suite for standard and for FIFO queues of one partner. */
export function sqsConformanceOnPartner(partner: Partner, deviations: PartnerDeviations): void {
  for (const kind of ["standard", "fifo"] as const) {
    conformanceOnPartner(partner, `${kind} queues`, {
      casesAtATime: deviations.casesAtATime,
      deviations: deviations[kind],
      notRun: { ...NEED_A_MOVABLE_CLOCK, ...deviations.notRun[kind] },
      backend: (endpoint) => sqsBackend(endpoint, kind),
    });
  }
}
