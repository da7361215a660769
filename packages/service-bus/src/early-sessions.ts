import { field } from "./field.ts";
import { methodOf, replaceMethod } from "./inner-methods.ts";
import { resetError } from "./reset-error.ts";

/** The SDK asks for two sessions first: one for the token's links, one for the first link of an entity. */
const EARLY_SESSIONS = 2;

/**
 * Begins the first AMQP sessions together with the connection. The SDK asks for each one only when all
 * answers before it have come, a round trip apiece. The protocol itself says what may follow an `open` that
 * has no answer yet.
 * https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-transport-v1.0-os.html#section-connections, 2.4.4 (2026-11-29)
 *
 * @param connection the SDK's; unchanged if the SDK's inner names are gone
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
      // The caller that takes it sees the failure.
      session.catch(() => {});
      begun.push(session);
    }
    return await opened;
  });
  replaceMethod(connection, "createSession", async (...args) => {
    const early = begun.shift();
    const session = early === undefined ? undefined : await unlessAborted(early, args[0]);
    const stillOpen = typeof session === "object" && session !== null && isOpenOf(session);
    if (stillOpen) return session;
    // A dead connection answers nothing, and has said so already: its caller would wait for a minute.
    if (!isOpenOf(connection)) throw resetError("the connection was lost before a session began");
    return await createSession.apply(connection, args);
  });
}

/** Undefined if it did not begin, or if the caller's signal came first: the SDK itself answers the abort. */
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
