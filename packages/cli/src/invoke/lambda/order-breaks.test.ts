import type { Message } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { orderBreaks } from "./order-breaks.ts";

const message = (id: string, group: string, sequence: string | undefined = id): Message => ({
  MessageId: id,
  Attributes: { MessageGroupId: group, ...(sequence !== undefined && { SequenceNumber: sequence }) },
});
const failing =
  (...ids: readonly string[]) =>
  (id: string): boolean =>
    ids.includes(id);

test("followers of a failed message that were not listed are told per group", () => {
  const batch = [
    message("1", "a"),
    message("2", "b"),
    message("3", "a"),
    message("4", "a"),
    message("5", "c"),
  ];
  expect(orderBreaks(batch, failing("1"))).toEqual([
    "group a: 2 messages that follow a failed one are not listed as failed, so Lambda deletes them and the order is lost.",
  ]);
});

test("nothing is told where the followers were listed, where nothing failed, and of standard queues", () => {
  const batch = [message("1", "a"), message("2", "a"), message("3", "b")];
  expect(orderBreaks(batch, failing("1", "2"))).toEqual([]);
  expect(orderBreaks(batch, failing())).toEqual([]);
  const fair: Message[] = batch.map(({ MessageId, Attributes }) => ({
    MessageId,
    Attributes: { MessageGroupId: Attributes?.MessageGroupId ?? "" },
  }));
  expect(orderBreaks(fair, failing("1"))).toEqual([]);
});
