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

  describe("a middleware that does not await next()", () => {
    const boom = new Error("boom");
    const cases: readonly (readonly [string, NonNullable<Middleware["handle"]>])[] = [
      [
        "and ends later than the handler",
        async (_m, _c, next) => {
          void next();
          await turn();
        },
      ],
      [
        "but awaits it after something else",
        async (_m, _c, next) => {
          const handled = next();
          await turn();
          await handled;
        },
      ],
      [
        "but has something to do at its end",
        async (_m, _c, next) => {
          void next().finally(() => {});
          await turn();
        },
      ],
      [
        "but goes on from it",
        async (_m, _c, next) => {
          void next().then(() => {});
          await turn();
        },
      ],
      // oxlint-disable-next-line typescript/promise-function-async -- the point of the case
      ["but returns it", (_m, _c, next) => next()],
    ];
    test.each(cases)("%s fails with the handler", async (_how, handle) => {
      const hook: Middleware = { name: "hasty", handle };
      const run = composeHandle([tracer("a", []), hook, tracer("b", [])], fails, "t");
      await expect(run(message, context)).rejects.toBe(boom);
      await turn();
    });

    test("and throws has failed with what it threw, whatever the handler does later", async () => {
      const hook: Middleware = {
        name: "hasty",
        handle: async (_m, _c, next) => {
          void next();
          await Promise.reject(new Error("its own"));
        },
      };
      await expect(composeHandle([hook], fails, "t")(message, context)).rejects.toThrow("its own");
      await turn();
    });

    test("and calls it twice is refused", async () => {
      const hook: Middleware = {
        name: "hasty",
        handle: async (_m, _c, next) => {
          await next();
          void next();
          await turn();
        },
      };
      await expect(composeHandle([hook], () => {}, "t")(message, context)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    });

    test("but sends fails with the send, and with what the middleware inside it throws", async () => {
      const hook: Middleware = {
        name: "hasty",
        send: async (given, next) => {
          void next(given);
          await turn();
        },
      };
      await expect(composeSend([hook], fails)(draft)).rejects.toBe(boom);
      const inner: Middleware = { name: "inner", send: fails };
      await expect(composeSend([hook, inner], async () => "sent")(draft)).rejects.toBe(boom);
    });

    async function fails(): Promise<never> {
      await Promise.resolve();
      throw boom;
    }

    async function turn(): Promise<void> {
      await new Promise(setImmediate);
    }
  });

  test.each<readonly [string, NonNullable<Middleware["handle"]>]>([
    ["catches", async (_m, _c, next) => await next().catch(() => "caught")],
    [
      "catches in a second step",
      async (_m, _c, next) =>
        await next().then(
          () => "no",
          () => "caught",
        ),
    ],
    [
      "tries",
      async (_m, _c, next) => {
        try {
          return await next();
        } catch {
          return "caught";
        }
      },
    ],
    [
      "catches without awaiting",
      async (_m, _c, next) => {
        void next().catch(() => {});
        await new Promise(setImmediate);
        return "caught";
      },
    ],
    [
      "races",
      async (_m, _c, next) => {
        await Promise.allSettled([next()]);
        return "caught";
      },
    ],
  ])("a failure that a middleware takes on itself is handled: it %s", async (_how, handle) => {
    const boom = (): never => {
      throw new Error("boom");
    };
    expect(await composeHandle([{ name: "catcher", handle }], boom, "t")(message, context)).toBe("caught");
  });
});
