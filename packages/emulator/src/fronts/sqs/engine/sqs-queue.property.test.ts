import fc from "fast-check";
import { expect, test } from "vitest";
import { content, manualEngine, receive } from "../../../../test/support/manual-engine.ts";
import type { Delivery } from "./queue-contract.ts";
import type { SqsQueue } from "./sqs-queue.ts";

type Step =
  | { readonly kind: "send"; readonly group: number; readonly delayMs: number }
  | { readonly kind: "receive"; readonly max: number; readonly visibilityMs: number }
  | { readonly kind: "delete"; readonly pick: number }
  | { readonly kind: "release"; readonly pick: number; readonly visibilityMs: number }
  | { readonly kind: "advance"; readonly ms: number };

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("send" as const), group: fc.nat(2), delayMs: fc.constantFrom(0, 0, 500) }),
    fc.record({
      kind: fc.constant("receive" as const),
      max: fc.integer({ min: 1, max: 4 }),
      visibilityMs: fc.constantFrom(0, 300, 1000),
    }),
    fc.record({ kind: fc.constant("delete" as const), pick: fc.nat(10) }),
    fc.record({
      kind: fc.constant("release" as const),
      pick: fc.nat(10),
      visibilityMs: fc.constantFrom(0, 700),
    }),
    fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(600) }),
  ),
  { maxLength: 50 },
);

/** Records beside the queue what was sent, what was deleted, and who holds what. */
class Books {
  readonly #queue: SqsQueue;
  readonly alive = new Map<string, { readonly group: string; readonly order: number }>();
  readonly held: Delivery[] = [];
  #sent = 0;

  constructor(queue: SqsQueue) {
    this.#queue = queue;
  }

  send(group: string, delayMs: number): void {
    const order = this.#sent++;
    // The delay is the queue's on a FIFO queue; here it is the same for all messages of a group.
    const { messageId } = this.#queue.send(
      content(String(order), { groupId: group, dedupId: String(order) }),
      delayMs,
    );
    this.alive.set(messageId, { group, order });
  }

  delete(delivery: Delivery): void {
    const before = this.#queue.messages().length;
    this.#queue.delete(delivery.receiptHandle);
    if (this.#queue.messages().length < before) this.alive.delete(delivery.message.id);
  }
}

async function play(
  books: Books,
  queue: SqsQueue,
  advance: (ms: number) => Promise<unknown>,
  step: Step,
): Promise<Delivery[]> {
  if (step.kind === "send") books.send(`g${step.group}`, step.delayMs);
  if (step.kind === "advance") await advance(step.ms);
  if (step.kind === "delete") for (const delivery of books.held.splice(step.pick, 1)) books.delete(delivery);
  if (step.kind === "release") {
    const delivery = books.held[step.pick];
    if (delivery !== undefined) queue.changeVisibility(delivery.receiptHandle, step.visibilityMs);
  }
  if (step.kind !== "receive") return [];
  const deliveries = receive(queue, { max: step.max, visibilityMs: step.visibilityMs });
  books.held.push(...deliveries);
  return deliveries;
}

function expectBooksToBalance(books: Books, queue: SqsQueue): void {
  const stored = queue.messages();
  expect(stored.map(({ id }) => id).toSorted()).toEqual([...books.alive.keys()].toSorted());
  const counted = { delayed: 0, visible: 0, inFlight: 0 };
  for (const { state } of stored) if (state !== "gone") counted[state] += 1;
  expect(queue.counts).toEqual(counted);
}

test.each(["orders", "orders.fifo"])("%s never loses, doubles or miscounts a message", async (name) => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const { queue, clock } = manualEngine();
      const orders = queue(name);
      const books = new Books(orders);
      for (const step of plan) {
        const deliveries = await play(books, orders, (ms) => clock.advance(ms), step);
        expect(new Set(deliveries.map(({ message }) => message.id)).size).toBe(deliveries.length);
        expectBooksToBalance(books, orders);
      }
      await clock.advance(2000);
      const rest = new Set<string>();
      for (let calls = 0; calls <= plan.length; calls += 1) {
        for (const { message, receiptHandle } of receive(orders, { visibilityMs: 3_600_000 })) {
          rest.add(message.id);
          // While it is in flight, a group of more than ten would hold back the others.
          orders.delete(receiptHandle);
        }
      }
      expect([...rest].toSorted()).toEqual([...books.alive.keys()].toSorted());
    }),
    { numRuns: 150 },
  );
});

test("a FIFO receive never passes over an earlier living message of the same group", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const { queue, clock } = manualEngine();
      const orders = queue("orders.fifo");
      const books = new Books(orders);
      for (const step of plan) {
        const stateBefore = new Map(orders.messages().map((message) => [message.id, message.state]));
        const deliveries = await play(books, orders, (ms) => clock.advance(ms), step);
        for (const { message } of deliveries) {
          const mine = books.alive.get(message.id);
          const earlier = [...books.alive].filter(
            ([, other]) => other.group === mine?.group && other.order < mine.order,
          );
          const got = new Set(deliveries.map((delivery) => delivery.message.id));
          // Every earlier message of its group was visible and is part of the same answer.
          for (const [id] of earlier) expect([stateBefore.get(id), got.has(id)]).toEqual(["visible", true]);
        }
      }
    }),
    { numRuns: 150 },
  );
});
