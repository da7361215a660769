import type { QueueConsumer, ReceivedMessage } from "@anyqueue/core";

/** Empty asks in a row that prove a queue empty. */
export const EMPTY_POLLS = 3;

/** Everything, until several asks in a row bring nothing. */
export async function* untilEmpty<Of>(consumer: QueueConsumer<Of>): AsyncGenerator<ReceivedMessage<Of>> {
  for (let empty = 0; empty < EMPTY_POLLS;) {
    const messages = await consumer.receive({ max: 10, wait: "1s" });
    empty = messages.length === 0 ? empty + 1 : 0;
    yield* messages;
  }
}
