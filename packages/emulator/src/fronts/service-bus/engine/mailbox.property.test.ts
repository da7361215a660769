import fc from "fast-check";
import { expect, test } from "vitest";
import { manualNamespace, sbContent } from "../../../../test/support/service-bus-engine.ts";
import { MailboxBooks, MAX_DELIVERIES } from "../../../../test/support/mailbox-books.ts";

type Step =
  | { readonly kind: "send"; readonly session: number; readonly timeToLiveMs: number | undefined }
  | { readonly kind: "give"; readonly consumer: number; readonly credit: number }
  | { readonly kind: "leave"; readonly consumer: number }
  | { readonly kind: "settle"; readonly how: Settlement; readonly pick: number }
  | { readonly kind: "receiveDeferred"; readonly pick: number }
  | { readonly kind: "advance"; readonly ms: number };

type Settlement = "complete" | "abandon" | "release" | "defer" | "deadLetter" | "renew" | "expire";

const HOWS = ["complete", "abandon", "abandon", "release", "defer", "deadLetter", "renew", "expire"] as const;

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("send" as const),
      session: fc.nat(2),
      timeToLiveMs: fc.constantFrom(undefined, undefined, 4000),
    }),
    fc.record({
      kind: fc.constant("give" as const),
      consumer: fc.nat(2),
      credit: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ kind: fc.constant("leave" as const), consumer: fc.nat(2) }),
    fc.record({ kind: fc.constant("settle" as const), how: fc.constantFrom(...HOWS), pick: fc.nat(3) }),
    fc.record({ kind: fc.constant("receiveDeferred" as const), pick: fc.nat(3) }),
    fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(3000) }),
  ),
  { maxLength: 60 },
);

async function play(
  books: MailboxBooks,
  advance: (ms: number) => Promise<unknown>,
  step: Step,
): Promise<void> {
  switch (step.kind) {
    case "send":
      books.send(step.session, step.timeToLiveMs);
      return;
    case "give":
      books.give(step.consumer, step.credit);
      return;
    case "leave":
      books.leave(step.consumer);
      return;
    case "settle":
      books.settle(step.how, step.pick);
      return;
    case "receiveDeferred":
      books.receiveDeferred(step.pick);
      return;
    case "advance":
      await advance(step.ms);
  }
}

test.for([false, true])(
  "no message is lost, doubled, in two hands, out of order or miscounted (sessions: %s)",
  async (requiresSession) => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const { clock, namespace } = manualNamespace();
        const queue = namespace.createQueue("q", {
          requiresSession,
          lockDurationMs: 5000,
          maxDeliveryCount: MAX_DELIVERIES,
          deadLetteringOnMessageExpiration: true,
        });
        const books = new MailboxBooks(queue, clock);
        for (const step of plan) {
          await play(books, (ms) => clock.advance(ms), step);
          expect(books.queueView()).toEqual(books.booksView());
        }
        await clock.advance(10_000);
        expect(books.queueView()).toEqual(books.booksView());
        books.leaveAll();
        const ready = books.readyIds();
        expect(books.drain()).toEqual(ready);
        expect(books.readyIds()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  },
);

test("messages of one session are completed in the order in which they were sent", () => {
  const sessions = fc.array(fc.record({ session: fc.nat(3), fails: fc.nat(2) }), { maxLength: 40 });
  fc.assert(
    fc.property(sessions, (plan) => {
      const { clock, namespace } = manualNamespace();
      const queue = namespace.createQueue("q", { requiresSession: true, maxDeliveryCount: 10 });
      queue.target.send(
        plan.map(({ session }, index) => sbContent(String(index), { sessionId: `s${String(session)}` })),
      );
      const completed = new Map<string, number[]>();
      for (let turn = 0; queue.counts.active > 0; turn += 1) {
        // Each turn takes the next session, completes one message, and loses or releases the session.
        queue.mailbox.acceptNextSession(
          {
            granted(session) {
              let tries = 0;
              session.attach({
                mode: "peekLock",
                hasRoom: () => tries <= 2,
                deliver({ message, lockToken = "" }) {
                  const index = Number(message.content.properties.messageId);
                  tries += 1;
                  if (message.deliveryCount < (plan[index]?.fails ?? 0)) {
                    queue.mailbox.abandon(lockToken);
                    return;
                  }
                  queue.mailbox.complete(lockToken);
                  const done = completed.get(session.sessionId) ?? [];
                  completed.set(session.sessionId, [...done, index]);
                },
                end: () => undefined,
              });
              if (turn % 2 === 0) session.release();
              else queue.mailbox.loseSession(session.sessionId);
            },
            failed: () => undefined,
          },
          1000,
        );
      }
      for (const done of completed.values())
        expect(done).toEqual(done.toSorted((left, right) => left - right));
      expect([...completed.values()].flat()).toHaveLength(plan.length);
      expect(clock.nextDeadline()).toBeUndefined();
    }),
    { numRuns: 100 },
  );
});
