import type { QueueConsumer, ReceivedMessage } from "@anyqueue/core";

/** Number of empty receives in a row that prove a queue empty. */
export const EMPTY_POLLS = 3;

/** Yields everything until several receives in a row return nothing. */
export async function* untilEmpty<Of>(consumer: QueueConsumer<Of>): AsyncGenerator<ReceivedMessage<Of>> {
  for (let empty = 0; empty < EMPTY_POLLS;) {
    const messages = await consumer.receive({ max: 10, wait: "1s" });
    empty = messages.length === 0 ? empty + 1 : 0;
    yield* messages;
  }
}
