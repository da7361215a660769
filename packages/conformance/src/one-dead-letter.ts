import assert from "node:assert/strict";
import type { Message } from "@anyqueue/core";
import type { Bench } from "./bench.ts";
import { parseBody, takeDeadLetters } from "./dead-letters.ts";
import type { TestQueue } from "./test-queue.ts";

/** Sends one message with all fields, lets `handler` make it fail, and takes it from the dead letters. */
export async function deadLetterOne(
  bench: Bench,
  queue: TestQueue,
  handler: () => never,
): Promise<Message<Uint8Array>> {
  const sent = queue.send(1, {
    id: `${queue.name}-dead`,
    attributes: { tenant: "acme" },
    correlationId: "c-1",
  });
  await bench.settled("the send is confirmed", sent);
  void bench.start(queue.consumer(), bench.recorder().handler(handler));
  const [dead] = await takeDeadLetters(bench, queue, 1);
  assert.ok(dead !== undefined, "a message whose handler fails reaches the dead letters");
  return dead;
}

/** Asserts that a dead letter has all of the message of `deadLetterOne`, and says why it is there. */
export function assertDeadLetter(
  dead: Message<Uint8Array>,
  queue: TestQueue,
  reason: string | undefined,
  attempts: number,
): void {
  assert.equal(dead.id, `${queue.name}-dead`, "the dead letter has the id that the sender gave");
  assert.deepEqual(parseBody(dead), queue.body(0), "the dead letter has the body of the message");
  assert.deepEqual(
    { ...dead.attributes },
    { tenant: "acme" },
    "the dead letter has the application's attributes, without those that say why it is dead",
  );
  assert.equal(dead.correlationId, "c-1", "the dead letter has the correlation id of the message");
  const details = dead.deadLettered;
  assert.ok(details !== undefined, "a dead letter has details, in deadLettered");
  if (reason === undefined)
    assert.ok((details.reason ?? "").length > 0, "the details have a reason that is not empty");
  else assert.equal(details.reason, reason, "the details have the reason for which it was dead-lettered");
  assert.ok(details.source?.includes(queue.entity), `source: ${details.source}`);
  assert.equal(details.attempts, attempts, "the details have the number of attempts that were made");
  assert.ok(details.firstEnqueuedAt instanceof Date, "the details say when the message was first enqueued");
  assert.ok(details.deadLetteredAt instanceof Date, "the details say when the message was dead-lettered");
  assert.ok(
    details.firstEnqueuedAt <= details.deadLetteredAt,
    "the message was enqueued before it was dead-lettered",
  );
}
