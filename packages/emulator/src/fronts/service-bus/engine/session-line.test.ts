import { expect, test } from "vitest";
import { isCollected } from "../../../../test/support/is-collected.ts";
import { manualNamespace, sbContent, TestConsumer } from "../../../../test/support/service-bus-engine.ts";

test("keeps nothing of sessions that were accepted by name and are over", async () => {
  const { namespace } = manualNamespace();
  const queue = namespace.createQueue("replies", { requiresSession: true });
  const live = (sessionId: string): WeakRef<object> => {
    queue.target.send([sbContent("m", { sessionId })]);
    const handle = queue.mailbox.acceptSession(sessionId);
    const consumer = new TestConsumer(1).attachTo(handle);
    queue.mailbox.complete(consumer.lastToken);
    handle.release();
    const session: unknown = Reflect.get(handle, "session");
    if (typeof session !== "object" || session === null) throw new Error("A handle has a session.");
    return new WeakRef(session);
  };
  const first = live("first");
  for (let index = 0; index < 100; index += 1) live(String(index));
  expect(await isCollected(first)).toBe(true);
});
