import { sqsConformanceOnPartner } from "./conformance-on-partner.ts";
import { MOTO_DEVIATIONS } from "./moto-deviations.ts";
import { MOTO } from "./partner-servers.ts";

sqsConformanceOnPartner(MOTO, MOTO_DEVIATIONS);
