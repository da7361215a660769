import { field } from "./field.ts";
import { methodOf, replaceMethod } from "./inner-methods.ts";

/** The first two that the SDK asks for: of the links of the token, and of the first link of an entity. */
const EARLY_SESSIONS = 2;

/**
 * Begins the first AMQP sessions together with the connection: the SDK asks for each when all answers before have come, a
 * round trip apiece. What may go out behind an `open` that has no answer yet is the protocol's own affair.
 * https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-transport-v1.0-os.html#section-connections, 2.4.4 (2026-11-29)
 *
 * @param connection of the SDK; found by its inner names, and left as it is where those are gone
 */
export function beginSessionsEarly(connection: object): void {
  const open = methodOf(connection, "open");
  const createSession = methodOf(connection, "createSession");
  if (open === undefined || createSession === undefined) return;
  if (methodOf(connection, "isOpen") === undefined) return;
  const begun: Promise<unknown>[] = [];
  replaceMethod(connection, "open", async (...args) => {
    if (isOpenOf(connection)) return await open.apply(connection, args);
    const opened = open.apply(connection, args);
    while (begun.length < EARLY_SESSIONS) {
      const session = Promise.resolve(createSession.call(connection));
      // Who takes it hears of it.
      session.catch(() => {});
      begun.push(session);
    }
    return await opened;
  });
  replaceMethod(connection, "createSession", async (...args) => {
    const early = begun.shift();
    const session = early === undefined ? undefined : await unlessAborted(early, args[0]);
    const stillOpen = typeof session === "object" && session !== null && isOpenOf(session);
    return stillOpen ? session : await createSession.apply(connection, args);
  });
}

/** Undefined: it did not begin, or the caller's signal was first, which the SDK then answers itself. */
async function unlessAborted(early: Promise<unknown>, options: unknown): Promise<unknown> {
  const signal = field(options, "abortSignal");
  if (!(signal instanceof AbortSignal)) return await early.catch(() => undefined);
  return await new Promise((resolve) => {
    const giveUp = (): void => resolve(undefined);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    early.then(resolve, giveUp).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

function isOpenOf(sessionOrConnection: object): boolean {
  return Boolean(methodOf(sessionOrConnection, "isOpen")?.call(sessionOrConnection));
}
