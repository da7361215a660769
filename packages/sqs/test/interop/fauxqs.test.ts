import { sqsConformanceOnPartner } from "./conformance-on-partner.ts";
import { FAUXQS_DEVIATIONS } from "./fauxqs-deviations.ts";
import { FAUXQS } from "./partner-servers.ts";

sqsConformanceOnPartner(FAUXQS, FAUXQS_DEVIATIONS);
