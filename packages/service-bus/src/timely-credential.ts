import { QueueError, setTimeLimit, systemClock } from "@anyqueue/core/adapter";
import type { TokenCredential } from "@azure/service-bus";
import type { Outside } from "./namespace-connection.ts";
import { field } from "./field.ts";
import { PROVIDER } from "./refusal.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import { TOKEN_TIMEOUT_MS } from "./service-bus-limits.ts";

type Token = NonNullable<Awaited<ReturnType<TokenCredential["getToken"]>>>;

/** A start asks several times, one after the other: a credential that hangs is waited for only once. */
const SAME_START_MS = 2_000;

/**
 * Wraps a credential so that any failure is told, and soon. A credential may search for half a minute before
 * it gives up; a token that it finds later is there for the next call.
 *
 * A token that is still good serves while its successor cannot be had: the SDK renews two minutes before the
 * end, and only once (7.9.5). If that fails the service ends the links, and with them all sessions.
 */
export function timely(credential: TokenCredential, outside: Outside = (work) => work()): TokenCredential {
  const latest = new Map<string, Token>();
  let hangsUntilMs = 0;
  const ask: Ask = async (scopes, options) => {
    if (systemClock.now() < hangsUntilMs) throw tooSlow();
    const found = outside(() => tokenOf(credential, scopes, options));
    found.then(
      () => (hangsUntilMs = 0),
      () => (hangsUntilMs = 0),
    );
    const late = new Promise<never>((_resolve, reject) => {
      const timer = setTimeLimit(
        systemClock,
        () => {
          hangsUntilMs = systemClock.now() + SAME_START_MS;
          reject(tooSlow());
        },
        TOKEN_TIMEOUT_MS,
        true,
      );
      void found.catch(() => {}).finally(() => timer.cancel());
    });
    return await Promise.race([found, late]);
  };
  return {
    async getToken(scopes, options) {
      // A request for more than the scope says is not answered by what was given before.
      const scope = options?.claims === undefined ? String(scopes) : undefined;
      try {
        const token = await ask(scopes, options);
        if (scope !== undefined) latest.set(scope, token);
        return renewable(token);
      } catch (error) {
        const before = latest.get(scope ?? "");
        if (before === undefined || endOf(before) <= systemClock.wallNow()) throw error;
        return renewable(before);
      }
    },
  };
}

type Ask = (...args: Parameters<TokenCredential["getToken"]>) => Promise<Token>;

/** @throws UNAUTHENTICATED for an error in no table: a credential may be anything, and fail with anything */
async function tokenOf(
  credential: TokenCredential,
  ...args: Parameters<TokenCredential["getToken"]>
): Promise<Token> {
  let token: Token | null;
  try {
    token = await credential.getToken(...args);
  } catch (error) {
    if (classifyServiceBusError(error, "open").code !== "INTERNAL") throw error;
    throw noToken(`: ${error instanceof Error ? error.message : typeof error}`, error);
  }
  if (!token) throw noToken("");
  return token;
}

/**
 * The SDK asks again two minutes before a token ends, by a timer. If that time is past, or more than 24 days
 * away, it would ask again at once, for as long as the client lives (7.9.5). A token that states no end may
 * end at any time.
 */
function renewable(token: Token): Token {
  const nowMs = systemClock.wallNow();
  const expiresOnTimestamp = Math.min(Math.max(endOf(token), nowMs + SOONEST_END_MS), nowMs + LATEST_END_MS);
  return { ...token, expiresOnTimestamp };
}

/** 0 if it states none. */
function endOf(token: Token): number {
  const end = field(token, "expiresOnTimestamp");
  return typeof end === "number" && !Number.isNaN(end) ? end : 0;
}

/** A token is asked for again after five seconds at the earliest, and after a day at the latest. */
const SOONEST_END_MS = 125_000;
const LATEST_END_MS = 86_400_000;

function tooSlow(): QueueError {
  return noToken(` within ${TOKEN_TIMEOUT_MS} ms`);
}

function noToken(why: string, cause?: unknown): QueueError {
  return new QueueError("UNAUTHENTICATED", {
    what: `the credential returned no token${why}`,
    provider: PROVIDER,
    cause,
  });
}
