import type { Message } from "@aws-sdk/client-sqs";

/**
 * Finds broken orders of groups. Unlisted followers of a failed message are deleted, by Lambda too, and the
 * failed one comes after them.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (2026-11-29): "stop processing
 * messages after the first failure and return all failed and unprocessed messages"
 */
export function orderBreaks(
  messages: readonly Message[],
  isFailed: (id: string) => boolean,
): readonly string[] {
  const broken = new Map<string, number>();
  const failedGroups = new Set<string>();
  for (const { MessageId = "", Attributes } of messages) {
    const group = Attributes?.MessageGroupId;
    // Standard queues also have groups, for fairness, but no order.
    if (group === undefined || Attributes?.SequenceNumber === undefined) continue;
    if (isFailed(MessageId)) failedGroups.add(group);
    else if (failedGroups.has(group)) broken.set(group, (broken.get(group) ?? 0) + 1);
  }
  return [...broken].map(
    ([group, count]) =>
      `group ${group}: ${count} message${count === 1 ? " that follows" : "s that follow"} a failed one ${count === 1 ? "is" : "are"} not listed as failed, so Lambda deletes ${count === 1 ? "it" : "them"} and the order is lost.`,
  );
}
