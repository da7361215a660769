import { describe, expect, test } from "vitest";
import type { HandlerContext, Message } from "../queue-consumer.ts";
import { rawMessage } from "../message/decode-message.ts";
import { delivery } from "../testing.ts";
import { silentLogger } from "../client/logger.ts";
import { composeHandle, composeSend } from "./compose.ts";
import type { Middleware, OutgoingDraft } from "./middleware.ts";

const message: Message<unknown> = rawMessage(delivery("h"));
const context: HandlerContext = {
  signal: new AbortController().signal,
  attempt: 1,
  isLastAttempt: false,
  log: silentLogger,
  extend: async () => {},
};
const draft: OutgoingDraft = {
  id: "1",
  target: "t",
  body: new Uint8Array(),
  contentType: "x",
  attributes: {},
};

function tracer(name: string, log: string[]): Middleware {
  return {
    name,
    async send(given, next) {
      log.push(`${name} in`);
      const result = await next({ ...given, attributes: { ...given.attributes, [name]: "1" } });
      log.push(`${name} out`);
      return result;
    },
    async handle(_message, _context, next, target) {
      log.push(`${name} in ${target}`);
      const result = await next();
      log.push(`${name} out`);
      return result;
    },
  };
}

describe("composeSend", () => {
  test("the first middleware is the outermost, and a changed draft is passed on", async () => {
    const log: string[] = [];
    const send = composeSend(
      [tracer("a", log), { name: "only handles" }, tracer("b", log)],
      async (given) => {
        log.push(Object.keys(given.attributes).join());
        return "sent";
      },
    );
    expect(await send(draft)).toBe("sent");
    expect(log).toEqual(["a in", "b in", "a,b", "b out", "a out"]);
  });

  test("without a send hook the last step is called directly", () => {
    const last = async (): Promise<string> => "sent";
    expect(composeSend([], last)).toBe(last);
    expect(composeSend([{ name: "none" }], last)).toBe(last);
  });

  test("calling next twice rejects and sends once", async () => {
    let sent = 0;
    const twice: Middleware = {
      name: "twice",
      send: async (given, next) => [await next(given), await next(given)],
    };
    const send = composeSend([twice], async () => (sent += 1));
    await expect(send(draft)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("twice"),
    });
    expect(sent).toBe(1);
  });

  test("a draft can be sent again later: next is counted per send", async () => {
    const send = composeSend([tracer("a", [])], async () => "sent");
    expect(await Promise.all([send(draft), send(draft)])).toEqual(["sent", "sent"]);
  });
});

describe("composeHandle", () => {
  test("wraps the handler from the outside in and says where the message came from", async () => {
    const log: string[] = [];
    const handle = composeHandle(
      [tracer("a", log), tracer("b", log)],
      () => log.push("handler"),
      "memory://orders",
    );
    await handle(message, context);
    expect(log).toEqual(["a in memory://orders", "b in memory://orders", "handler", "b out", "a out"]);
  });

  test("what the handler throws at once is a rejection, with and without middleware", async () => {
    const boom = (): never => {
      throw new Error("boom");
    };
    await expect(composeHandle([], boom, "t")(message, context)).rejects.toThrow("boom");
    await expect(composeHandle([tracer("a", [])], boom, "t")(message, context)).rejects.toThrow("boom");
  });

  test("a middleware that does not call next has handled the message", async () => {
    let runs = 0;
    const handle = composeHandle([{ name: "skip", handle: async () => "skipped" }], () => (runs += 1), "t");
    expect(await handle(message, context)).toBe("skipped");
    expect(runs).toBe(0);
  });

  test("calling next twice rejects and runs the handler once", async () => {
    let runs = 0;
    const twice: Middleware = { name: "twice", handle: async (_m, _c, next) => [await next(), await next()] };
    await expect(composeHandle([twice], () => (runs += 1), "t")(message, context)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(runs).toBe(1);
  });

  test.each([
    ["fulfils with it", undefined],
    ["fails with it", new Error("the handler fails")],
  ])("a middleware that does not wait for the handler is waited for with it, and %s", async (_how, error) => {
    const end = Promise.withResolvers<string>();
    const hasty: Middleware = {
      name: "hasty",
      handle: async (_m, _c, next) => {
        void next(); // the await is missing
        return await Promise.resolve("too early");
      },
    };
    const outcome = composeHandle(
      [hasty, tracer("b", [])],
      async () => await end.promise,
      "t",
    )(message, context).then(
      (result) => result,
      (reason: unknown) => reason,
    );
    let isOver = false;
    void outcome.then(() => (isOver = true));
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    if (error === undefined) end.resolve("done");
    else end.reject(error);
    expect(await outcome).toBe(error ?? "too early");
  });

  test("a failure that a middleware takes on itself is handled", async () => {
    const catcher: Middleware = {
      name: "catcher",
      handle: async (_m, _c, next) => await next().catch(() => "caught"),
    };
    const boom = (): never => {
      throw new Error("boom");
    };
    expect(await composeHandle([catcher], boom, "t")(message, context)).toBe("caught");
  });
});
