export interface QueueAddress {
  readonly region: string;
  readonly accountId: string;
  readonly name: string;
}

export function queueArn(address: QueueAddress): string {
  return `arn:${partitionOf(address.region)}:sqs:${address.region}:${address.accountId}:${address.name}`;
}

export function parseQueueArn(arn: string): QueueAddress | undefined {
  const [prefix, , service, region, accountId, name, ...rest] = arn.split(":");
  if (prefix !== "arn" || service !== "sqs" || rest.length > 0) return undefined;
  if (region === undefined || accountId === undefined || name === undefined || name === "") return undefined;
  return { region, accountId, name };
}

export function isQueueArn(arn: string): boolean {
  return parseQueueArn(arn) !== undefined;
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html (2026-11-24)
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}
