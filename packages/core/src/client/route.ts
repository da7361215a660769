import { isRecord, kindOf, refuseProblems } from "../errors/check-options.ts";
import { DeadLetterError } from "../errors/handler-errors.ts";
import { detailsOf, type Source } from "../message/queue-definition.ts";
import type { Handler } from "../queue-consumer.ts";

/**
 * One handler for several types of message, chosen by the field `by` of the body.
 * A missing type does not compile; an unknown one at run time is dead-lettered.
 */
export function route<Out, K extends keyof Out & string>(
  definition: Source<Out>,
  by: K,
  handlers: { [T in Out[K] & string]: Handler<Extract<Out, { [P in K]: T }>> },
): Handler<Out> {
  const { name } = detailsOf(definition);
  const where = `route of ${name}`;
  if (typeof by !== "string") refuseProblems([`${where}: expected the name of a field, got ${kindOf(by)}`]);
  if (!isRecord(handlers)) refuseProblems([`${where}: expected handlers, got ${kindOf(handlers)}`]);
  const entries = Object.entries<unknown>(handlers);
  refuseProblems(
    entries
      .filter(([, handler]) => typeof handler !== "function")
      .map(
        ([type, handler]) =>
          `${where}: handler of ${JSON.stringify(type)} is ${kindOf(handler)}, no function`,
      ),
  );
  const byType = new Map(entries);
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
