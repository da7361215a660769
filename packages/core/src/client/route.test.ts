import { expect, test } from "vitest";
import { isDeadLetterError } from "../errors/handler-errors.ts";
import { rawMessage } from "../message/decode-message.ts";
import { defineQueue } from "../message/queue-definition.ts";
import type { HandlerContext, Message } from "../queue-consumer.ts";
import { delivery } from "../testing.ts";
import { silentLogger } from "./logger.ts";
import { route } from "./route.ts";

type Event = { type: "placed"; orderId: string } | { type: "cancelled"; reason: string };
const events = defineQueue<Event>("events");
const context: HandlerContext = {
  signal: new AbortController().signal,
  attempt: 1,
  isLastAttempt: false,
  log: silentLogger,
  extend: async () => {},
};
const messageOf = (body: unknown): Message<Event> => ({ ...rawMessage(delivery("h")), body: body as Event });

test("each type goes to its handler, with message and context", async () => {
  const seen: unknown[] = [];
  const handle = route(events, "type", {
    placed: ({ body }, given) => seen.push(body.orderId, given),
    cancelled: ({ body }) => seen.push(body.reason),
  });
  await handle(messageOf({ type: "placed", orderId: "o-1" }), context);
  await handle(messageOf({ type: "cancelled", reason: "late" }), context);
  expect(seen).toEqual(["o-1", context, "late"]);
});

test.each([
  [{ type: "shipped" }, 'no handler for type "shipped"'],
  [{ type: "toString" }, 'no handler for type "toString"'],
  [{ type: 7 }, "no handler for type number"],
  [{}, "no handler for type undefined"],
  ["text", "no handler for type undefined"],
])("an unknown type is dead-lettered: %j", async (body, reason) => {
  const handle = route(events, "type", { placed: () => {}, cancelled: () => {} });
  const error = await Promise.resolve(handle(messageOf(body), context)).catch((thrown: unknown) => thrown);
  expect(isDeadLetterError(error) && error.reason).toBe(reason);
});

test("what a handler throws passes through", async () => {
  const boom = new Error("boom");
  const handle = route(events, "type", {
    placed: () => {
      throw boom;
    },
    cancelled: () => {},
  });
  await expect(handle(messageOf({ type: "placed" }), context)).rejects.toBe(boom);
});

test("a handler that is no function is refused when the route is made", () => {
  const handlers = { placed: "onPlaced", cancelled: () => {} } as never;
  expect(() => route(events, "type", handlers)).toThrow("placed: expected a function, got string");
});
