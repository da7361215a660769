import { sqsConformanceOnPartner } from "./conformance-on-partner.ts";
import { LOCAL_AWS_SQS_DEVIATIONS } from "./local-aws-sqs-deviations.ts";
import { LOCAL_AWS_SQS } from "./partner-servers.ts";

sqsConformanceOnPartner(LOCAL_AWS_SQS, LOCAL_AWS_SQS_DEVIATIONS);
