import { defineQueue, unchecked, type Handler } from "@anyqueue/core";
import { createHandler, type HandlerOptions } from "@anyqueue/serverless";
import { describe, expect, test } from "vitest";
import { functionsActions, functionsEvents } from "../../src/azure-functions.ts";
import { functionsInvocation, type FunctionsCallOptions } from "../../src/testing.ts";

const orders = defineQueue<number>("orders", { retry: { attempts: 3, delay: "0s" } });
const sdk = { binding: "sdk" } as const;

describe("a handler in Azure Functions", () => {
  test("may set its message aside, and gets the number by which it is received again", async () => {
    const call = functionsInvocation(orders, [{ body: 1, sequenceNumber: 77 }], sdk);
    let number: unknown;
    await createHandler(orders, functionsEvents(), async (message) => {
      number = await functionsActions(message).defer({ stage: "waiting" });
    })(...call.args);
    expect(number).toBe("77");
    expect(call.settled).toEqual([{ id: "message-1", as: "deferred" }]);
  });

  test("cannot set it aside and fail: that is reported, and nothing is given back", async () => {
    const codes: string[] = [];
    const options: HandlerOptions = { listener: { "settle-failed": ({ error }) => codes.push(error.code) } };
    const call = functionsInvocation(orders, [{ body: 1 }], sdk);
    const handler = createHandler(
      orders,
      functionsEvents(),
      async (message) => {
        await functionsActions(message).defer();
        throw new Error("too late");
      },
      options,
    );
    await handler(...call.args);
    expect(call.settled).toEqual([{ id: "message-1", as: "deferred" }]);
    expect(codes).toEqual(["ALREADY_SETTLED"]);
  });

  test("cannot set it aside twice, or without its number", async () => {
    const twice: Handler<number> = async (message) => {
      await functionsActions(message).defer();
      await functionsActions(message).defer();
    };
    expect(await errorOf(twice, sdk)).toMatchObject({ code: "INVALID_ARGUMENT" });
    const unnumbered = functionsInvocation(orders, [{ body: 1 }], sdk);
    const [input, context] = unnumbered.args;
    Object.assign(input as object, { messages: { messageId: "m", body: "1", lockToken: "t" } });
    Object.assign(context, { triggerMetadata: {} });
    const errors: unknown[] = [];
    await createHandler(orders, functionsEvents(), async (message) => {
      await functionsActions(message)
        .defer()
        .catch((error: unknown) => errors.push(error));
    })(...unnumbered.args);
    expect(errors).toMatchObject([{ message: expect.stringContaining("sequence number") }]);
    expect(unnumbered.settled).toMatchObject([{ as: "completed" }]);
  });

  test("keeps state with its session, and lets it go", async () => {
    const done: unknown[] = [];
    const ordered = defineQueue("orders", { schema: unchecked<number>(), orderingKey: () => "one" });
    const call = functionsInvocation(ordered, [{ body: 1 }], sdk);
    Object.assign((call.args[0] as { readonly actions: object }).actions, {
      setSessionState: async (session: string, state: Uint8Array) =>
        done.push(session, Buffer.from(state).toString()),
      releaseSession: async (session: string) => done.push(session),
    });
    await createHandler(ordered, functionsEvents(), async (message) => {
      await functionsActions(message).setSessionState(Buffer.from("half"));
      await functionsActions(message).releaseSession();
    })(...call.args);
    expect(done).toEqual(["one", "half", "one"]);
  });

  test("has no session state without a session", async () => {
    const error = await errorOf(async (message) => {
      await functionsActions(message).setSessionState(new Uint8Array());
    }, sdk);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("no session") });
  });

  test("has none of this with the default binding, which is said", async () => {
    const error = await errorOf((message) => void functionsActions(message), {});
    expect(error).toMatchObject({ code: "UNSUPPORTED", remedy: expect.stringContaining("sdkBinding") });
  });

  test("has none of this for a message of its own making", () => {
    expect(() => functionsActions({ native: {} })).toThrow("did not come through functionsEvents()");
    expect(() => functionsActions({ native: undefined })).toThrow("did not come through functionsEvents()");
  });
});

/** Returns the error that the handler threw. */
async function errorOf(handler: Handler<number>, options: FunctionsCallOptions): Promise<unknown> {
  const errors: unknown[] = [];
  const call = functionsInvocation(orders, [{ body: 1 }], options);
  const observed: HandlerOptions = { listener: { handled: ({ error }) => errors.push(error) } };
  await createHandler(orders, functionsEvents(), handler, observed)(...call.args).catch(() => undefined);
  return errors[0];
}
