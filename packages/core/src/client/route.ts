import {
  each,
  expects,
  functionProblems,
  isRecord,
  kindOf,
  refuseProblems,
} from "../errors/check-options.ts";
import { DeadLetterError } from "../errors/handler-errors.ts";
import { detailsOf, type Source } from "../message/queue-definition.ts";
import type { Handler } from "../queue-consumer.ts";

const fieldProblems = expects("the name of a field", (value) => typeof value === "string");
const handlersProblems = each(functionProblems);

/**
 * Combines several handlers into one, for a queue with several kinds of message: the field `by` of the body
 * chooses. A kind without a handler does not compile; a message of an unknown kind goes to the dead letters.
 *
 * @example
 * const handler = route(accounts, "type", {
 *   opened: ({ body }) => console.log(body.owner),
 *   closed: ({ body }) => console.log(body.reason),
 * });
 * const run = client.consumer(accounts).run(handler);
 *
 * @param definition the queue or subscription; its schema says which kinds there are
 * @param by name of the field, whose values are strings
 * @throws INVALID_ARGUMENT for a handler that is not a function
 */
export function route<Out, K extends keyof Out & string>(
  definition: Source<Out>,
  by: K,
  handlers: { [T in Out[K] & string]: Handler<Extract<Out, { [P in K]: T }>> },
): Handler<Out> {
  const { name } = detailsOf(definition);
  const where = `route of ${name}`;
  refuseProblems([...fieldProblems(by, where), ...handlersProblems(handlers, where)]);
  const byType = new Map(Object.entries<unknown>(handlers));
  return async (message, context) => {
    const type = isRecord(message.body) ? message.body[by] : undefined;
    const handler = byType.get(String(type));
    if (typeof type !== "string" || typeof handler !== "function") {
      const shown = typeof type === "string" ? JSON.stringify(type.slice(0, 100)) : kindOf(type);
      throw new DeadLetterError(`no handler for ${by} ${shown}`);
    }
    return await handler(message, context);
  };
}
