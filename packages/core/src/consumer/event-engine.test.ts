import { describe, expect, test } from "vitest";
import { defineQueue, defineTopic } from "../message/queue-definition.ts";
import { createVirtualClock, delivery } from "../testing.ts";
import { createEventEngine, type EventEngineOptions } from "./event-engine.ts";

const orders = defineQueue("orders");
const handler = (): void => {};

/** Returns the error with which an engine is refused, as text; empty if it is not refused. */
function refusal(options: unknown, work: unknown = { handler }, definition: unknown = orders): string {
  try {
    createEventEngine(
      definition as typeof orders,
      work as { handler: typeof handler },
      options as EventEngineOptions,
    );
    return "";
  } catch (error) {
    return String(error);
  }
}

describe("an engine for events", () => {
  test.each([
    ["prefetch, which the platform does", { prefetch: 3 }, /options\.prefetch: a function fetches nothing/u],
    ["options that are none", "fast", /options: expected an object, got string/u],
    ["a margin that is no duration", { deadlineMargin: "soon" }, /options\.deadlineMargin/u],
    ["an unknown key", { concurency: 3 }, /did you mean "concurrency"/u],
    ["a consumer's option that cannot be", { concurrency: 0 }, /concurrency/u],
  ])("refuses %s", (_what, options, text) => {
    expect(refusal(options)).toMatch(/INVALID_ARGUMENT/u);
    expect(refusal(options)).toMatch(text);
  });

  test("says once that there is no prefetch, and offers it to nobody", () => {
    expect(refusal({ prefetch: 3 })).not.toContain("unknown");
    expect(refusal({ prefech: 3 })).toMatch(/prefech/u);
    expect(refusal({ prefech: 3 })).not.toContain('"prefetch"');
  });

  test("takes every option of a consumer and of a client that a function has", () => {
    const options = {
      concurrency: 2,
      rateLimit: { count: 1, per: "1s" },
      handlerTimeout: "5s",
      onInvalid: "retry",
      lease: "30s",
      retry: { attempts: 2 },
      deadLetter: "none",
      clock: createVirtualClock(),
      listener: {},
      logger: { info: handler, warn: handler, error: handler },
      middleware: [],
      deadlineMargin: "2s",
    };
    expect(refusal(options)).toBe("");
  });

  test.each([
    ["no handler", { handler: 3 }, /handler: expected a function, got number/u],
    ["batches of none", { batchHandler: handler, size: 0 }, /size: expected a whole number from 1, got 0/u],
    ["batches of a part", { batchHandler: handler, size: 1.5 }, /got 1\.5/u],
  ])("refuses %s", (_what, work, text) => {
    expect(refusal({}, work)).toMatch(text);
  });

  test("takes batches of one", () => {
    expect(refusal({}, { batchHandler: handler, size: 1 })).toBe("");
  });

  test("refuses a topic, which nobody consumes", () => {
    const text = refusal({}, { handler }, defineTopic("events"));
    expect(text).toContain('"events" is a topic');
    expect(text).toContain("topic.subscription(name)");
  });

  test("runs what wraps handlers, also beside what does not", async () => {
    const seen: string[] = [];
    const engine = createEventEngine(
      orders,
      { handler: ({ id }) => seen.push(id) },
      {
        clock: createVirtualClock(),
        middleware: [
          { name: "sends only", send: async (draft, next) => await next(draft) },
          {
            name: "wraps",
            handle: async (message, _context, next) => {
              seen.push(`before ${message.id}`);
              return await next();
            },
          },
        ],
      },
    );
    await engine.process({ deliveries: [delivery<unknown>("h", { id: "m" })] });
    expect(seen).toEqual(["before m", "m"]);
  });
});
