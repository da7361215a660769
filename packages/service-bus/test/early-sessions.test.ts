import { expect, test } from "vitest";
import { beginSessionsEarly } from "../src/early-sessions.ts";

interface Session {
  readonly nth: number;
  isOpen(): boolean;
}

/** A connection that answers nothing by itself. */
class FakeConnection {
  isUp = false;
  readonly asked: PromiseWithResolvers<Session>[] = [];
  readonly opened: PromiseWithResolvers<void> = Promise.withResolvers();

  isOpen(): boolean {
    return this.isUp;
  }

  async open(): Promise<void> {
    await this.opened.promise;
    this.isUp = true;
  }

  async createSession(options?: { readonly abortSignal?: AbortSignal }): Promise<Session> {
    options?.abortSignal?.throwIfAborted();
    const session = Promise.withResolvers<Session>();
    this.asked.push(session);
    return await session.promise;
  }

  answer(nth: number, isOpen = true): void {
    this.asked[nth]?.resolve({ nth, isOpen: () => isOpen });
  }
}

function opening(): FakeConnection {
  const connection = new FakeConnection();
  beginSessionsEarly(connection);
  void connection.open();
  return connection;
}

test("the first two sessions begin with the connection, the next when it is asked for", async () => {
  const connection = opening();
  expect(connection.asked).toHaveLength(2);
  const taken = [connection.createSession(), connection.createSession()];
  expect(connection.asked).toHaveLength(2);
  connection.answer(0);
  connection.answer(1);
  expect((await Promise.all(taken)).map(({ nth }) => nth)).toEqual([0, 1]);
  connection.isUp = true;
  void connection.createSession();
  expect(connection.asked).toHaveLength(3);
});

test("one that did not begin, or has ended since, is asked for again", async () => {
  const connection = opening();
  connection.isUp = true;
  connection.asked[0]?.reject(new Error("amqp:not-allowed"));
  connection.answer(1, false);
  const taken = [connection.createSession(), connection.createSession()];
  await expect.poll(() => connection.asked.length).toBe(4);
  connection.answer(2);
  connection.answer(3);
  expect((await Promise.all(taken)).map(({ nth }) => nth)).toEqual([2, 3]);
});

test("none is asked for on a connection that is gone: nobody would answer, and nothing end the wait", async () => {
  const connection = opening();
  connection.asked[0]?.reject(new Error("read ECONNRESET"));
  connection.answer(1, false);
  for (let count = 0; count < 3; count += 1)
    await expect(connection.createSession()).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(connection.asked).toHaveLength(2);
});

test("whoever aborts does not wait for it", async () => {
  const connection = opening();
  connection.isUp = true;
  const abort = new AbortController();
  const taken = connection.createSession({ abortSignal: abort.signal });
  abort.abort(new Error("enough"));
  await expect(taken).rejects.toThrow("enough");
});

test("an open connection begins nothing", async () => {
  const connection = new FakeConnection();
  connection.isUp = true;
  beginSessionsEarly(connection);
  connection.opened.resolve();
  await connection.open();
  expect(connection.asked).toEqual([]);
});

test("a connection with other insides is left as it is", () => {
  const connection = { createSession: () => "mine" };
  beginSessionsEarly(connection);
  expect(connection.createSession()).toBe("mine");
});
