import type { HttpAnswer, HttpExchange } from "../../http/http-exchange.ts";
import type { OperationOutput } from "./operations/operation.ts";
import type { SqsError } from "./sqs-errors.ts";

/** A request in the shape of the JSON protocol, whichever protocol it used. */
export interface SqsCall {
  readonly operation: string;
  readonly members: Readonly<Record<string, unknown>>;
}

/** One of SQS's two protocols over HTTP. */
export interface SqsWire {
  readonly name: "json" | "query";
  decode(exchange: HttpExchange, baseUrl: string): SqsCall;
  encodeOutput(operation: string, output: OperationOutput, requestId: string): HttpAnswer;
  encodeError(error: SqsError, requestId: string): HttpAnswer;
}

/** The caller's identity. Signatures are not checked. */
export interface Caller {
  readonly accountId: string;
  readonly region: string;
  readonly senderId: string;
  readonly isSigned: boolean;
}

const DEFAULT_ACCOUNT_ID = "000000000000";
export const DEFAULT_REGION = "us-east-1";

const ACCOUNT_ID = /^[0-9]{12}$/;
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html (2026-11-24)
const CREDENTIAL = /(?:^|[\s,&])Credential=([^/,\s]+)\/[0-9]{8}\/([^/,\s]+)\//;

/** An access key of twelve digits is used as the account id, so that tests can call across accounts. */
export function readCaller(exchange: HttpExchange): Caller {
  const header = exchange.headers.authorization ?? "";
  const presigned = exchange.target.searchParams.get("X-Amz-Credential");
  const match = CREDENTIAL.exec(presigned === null ? header : `Credential=${presigned}`);
  const accessKey = match?.[1];
  const accountId = accessKey !== undefined && ACCOUNT_ID.test(accessKey) ? accessKey : DEFAULT_ACCOUNT_ID;
  return {
    accountId,
    region: match?.[2] ?? DEFAULT_REGION,
    senderId: accessKey ?? accountId,
    isSigned: match !== null,
  };
}
