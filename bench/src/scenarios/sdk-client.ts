import { SQSClient } from "@aws-sdk/client-sqs";

/** The SDK as its documentation shows it. */
export function sdkClient(port: number): SQSClient {
  return new SQSClient({ endpoint: `http://127.0.0.1:${port}`, region: "us-east-1" });
}

export function queueUrl(port: number): string {
  return `http://127.0.0.1:${port}/000000000000/bench`;
}
