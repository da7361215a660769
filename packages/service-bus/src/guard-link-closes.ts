import { beginSessionsEarly } from "./early-sessions.ts";
import { endPendingSends } from "./end-pending-sends.ts";
import { field } from "./field.ts";
import { hideOwnCloses } from "./hide-own-closes.ts";
import { methodOf, replaceMethod } from "./inner-methods.ts";
import { outlastRequests, outlastSends } from "./outlast-sdk.ts";
import { drainPatiently } from "./patient-drains.ts";
import { askForTokensPromptly } from "./prompt-tokens.ts";
import { refuseBadFrames } from "./refuse-bad-frames.ts";
import { resetError } from "./reset-error.ts";
import { tellOfSockets, type SocketListener } from "./tell-of-sockets.ts";
import { tolerateUnreadable } from "./unreadable-body.ts";
import { writeAtOnce } from "./write-at-once.ts";

/**
 * Keeps the SDK from ending the process. It closes links in places where nobody handles the outcome (a drain
 * that is not answered within 200 ms, an abort while a link opens). If the connection is dead, that close
 * rejects a minute later as an unhandled rejection (7.9.5, seen on the wire). Here the links of this client
 * and their AMQP sessions close without rejecting, and close when the connection dies.
 *
 * It also reads the address of a link in listeners and timers, where whatever is thrown ends the process: that
 * throws while a link waits to be attached again (`calmAddress`).
 *
 * Timers of waits would also keep the process alive. Where the SDK passes no signal of its own, a link waits
 * for the service to open it no longer than `ending`: an accept of a session would wait for a minute. A
 * management request (a renewal, or a settlement whose link is gone), the link for it and the close of a
 * session wait no longer than `over`. A request for a token waits no longer than any other (`askForTokensPromptly`).
 *
 * The links are found by the SDK's inner names. If those are gone, nothing changes.
 * @param sockets is told of each socket
 * @param isOutlasted true: the requests have their limits elsewhere, and the SDK's come later
 * @returns whether the inner names were found
 */
export function guardLinkCloses(
  client: object,
  ending: AbortSignal,
  over: AbortSignal,
  sockets: SocketListener = UNHEARD,
  isOutlasted = false,
): boolean {
  const context = field(client, "_connectionContext");
  if (typeof context !== "object" || context === null) return false;
  const signals = { ending, over, sockets, isOutlasted };
  if (!guardConnection(field(context, "connection"), signals)) return false;
  guardManagement(context, signals);
  // The SDK makes new ones when it loses its connection.
  onChange(context, "connection", (connection) => guardConnection(connection, signals));
  askForTokensPromptly(field(context, "cbsSession"), over);
  onChange(context, "cbsSession", (tokens) => askForTokensPromptly(tokens, over));
  return true;
}

/** Calls back with each later value of a member. */
function onChange(holder: object, name: string, changed: (value: unknown) => void): void {
  let value = field(holder, name);
  Object.defineProperty(holder, name, {
    configurable: true,
    enumerable: true,
    get: () => value,
    set: (next: unknown) => {
      value = next;
      changed(next);
    },
  });
}

function guardManagement(context: object, { over, isOutlasted }: Signals): void {
  const find = methodOf(context, "getManagementClient");
  if (find === undefined) return;
  const guarded = new WeakSet<object>();
  replaceMethod(context, "getManagementClient", (...args) => {
    const management = find.apply(context, args);
    if (typeof management === "object" && management !== null && !guarded.has(management)) {
      guarded.add(management);
      guardRequests(management, over);
      if (isOutlasted) outlastRequests(management);
    }
    return management;
  });
}

function guardRequests(management: object, over: AbortSignal): void {
  const init = methodOf(management, "_init");
  if (init !== undefined)
    replaceMethod(management, "_init", (...args) => unlessOver(init.apply(management, args), over));
  const send = methodOf(management, "_makeManagementRequest");
  if (send === undefined) return;
  replaceMethod(management, "_makeManagementRequest", (request, logger, options) =>
    send.call(management, request, logger, boundedBy(over, options)),
  );
}

/** Settles like `work`, and rejects if the connection is over first. */
async function unlessOver(work: unknown, over: AbortSignal): Promise<unknown> {
  const died = Promise.withResolvers<never>();
  const end = (): void => died.reject(resetError("the connection was lost before its link was open"));
  over.addEventListener("abort", end);
  if (over.aborted) end();
  try {
    return await Promise.race([work, died.promise]);
  } finally {
    over.removeEventListener("abort", end);
  }
}

const LINK_OPENERS = ["createReceiver", "createSender", "createAwaitableSender"] as const;
const OPENERS = ["createSession", ...LINK_OPENERS] as const;

interface Signals {
  readonly ending: AbortSignal;
  readonly over: AbortSignal;
  readonly sockets: SocketListener;
  readonly isOutlasted: boolean;
}

const UNHEARD: SocketListener = { shown: () => {}, hidden: (open) => open(() => {}) };

function guardConnection(connection: unknown, { ending, over, sockets, isOutlasted }: Signals): boolean {
  if (typeof connection !== "object" || connection === null) return false;
  let isKnown = false;
  const closing = endedWith(connection);
  for (const name of OPENERS) {
    const open = methodOf(connection, name);
    if (open === undefined) continue;
    isKnown = true;
    const guarded = async (options: unknown, ...more: unknown[]): Promise<unknown> => {
      const wanted = name === "createAwaitableSender" ? hideOwnCloses(options) : options;
      const link = await open.apply(connection, [boundedBy(ending, wanted), ...more]);
      if (typeof link === "object" && link !== null) {
        if (name === "createReceiver") drainPatiently(link, over);
        if (name === "createAwaitableSender") {
          endPendingSends(link);
          if (isOutlasted) outlastSends(link);
        }
      }
      guardLink(link, name === "createSession" ? over : undefined, closing);
      if (name === "createSession") guardSession(link, closing);
      else calmAddress(link);
      return link;
    };
    replaceMethod(connection, name, guarded);
  }
  if (isKnown) beginSessionsEarly(connection);
  tellOfSockets(connection, sockets);
  const inRhea = field(connection, "_connection");
  writeAtOnce(inRhea);
  refuseBadFrames(inRhea);
  tolerateUnreadable(connection);
  return isKnown;
}

/**
 * All links are opened on a session. Opened on one whose connection has just died, a link would wait for a
 * minute, and with it all closes of the client.
 */
function guardSession(session: unknown, closing: Set<() => void>): void {
  if (typeof session !== "object" || session === null) return;
  for (const name of LINK_OPENERS) {
    const open = methodOf(session, name);
    if (open === undefined) continue;
    replaceMethod(session, name, async (...args) => {
      if (methodOf(session, "isOpen")?.call(session) === false)
        throw resetError("the session was lost before a link was opened on it");
      const link = await open.apply(session, args);
      guardLink(link, undefined, closing);
      if (name === "createReceiver") calmAddress(link);
      return link;
    });
  }
}

/** rhea-promise (3.0.3) reads the address that the other side has attached: after a reconnection, none yet. */
function calmAddress(link: unknown): void {
  if (typeof link !== "object" || link === null || !("address" in link)) return;
  Object.defineProperty(link, "address", {
    configurable: true,
    get: () => field(field(link, "source"), "address"),
  });
}

function boundedBy(ending: AbortSignal, options: unknown = {}): unknown {
  const isOwn = typeof options !== "object" || field(options, "abortSignal") !== undefined;
  return isOwn ? options : { ...options, abortSignal: ending };
}

/** Holds, on a connection, what to call when it dies. Shared by all users of a client that was passed in. */
const CLOSING = Symbol("closes that are under way");

function endedWith(connection: object & { [CLOSING]?: Set<() => void> }): Set<() => void> {
  if (connection[CLOSING] !== undefined) return connection[CLOSING];
  const closing = new Set<() => void>();
  Object.defineProperty(connection, CLOSING, { value: closing });
  methodOf(connection, "on")?.call(connection, "disconnected", () => {
    for (const end of closing) end();
  });
  return closing;
}

/**
 * `over`: only the close of a session takes a signal. `closing`: when the connection dies, rhea-promise
 * (3.0.3) forgets a close that is under way. Its caller, such as the end of a subscription, would wait for
 * ever.
 */
function guardLink(link: unknown, over: AbortSignal | undefined, closing: Set<() => void>): void {
  if (typeof link !== "object" || link === null) return;
  const close = methodOf(link, "close");
  if (close === undefined) return;
  const guarded = async (...args: unknown[]): Promise<unknown> => {
    const died = Promise.withResolvers<undefined>();
    const end = (): void => died.resolve(undefined);
    closing.add(end);
    try {
      const closed = close.apply(link, over === undefined ? args : [boundedBy(over, args[0])]);
      return await Promise.race([closed, died.promise]);
    } catch {
      // The link is gone either way, and the connection tells whoever waits for messages on it.
      return undefined;
    } finally {
      closing.delete(end);
    }
  };
  replaceMethod(link, "close", guarded);
}
