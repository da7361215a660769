import { field } from "./field.ts";

type Method = (...args: unknown[]) => unknown;

/**
 * Keeps the SDK from ending the process: it closes links in places where nobody looks at what comes of it (a drain that
 * is not answered within 200 ms, an abort while a link opens), and where the connection is dead that close is rejected a
 * minute later as an unhandled rejection (7.9.5, seen on the wire). Links of this client and the AMQP sessions below them
 * close without rejecting. And a link that waits for the service to open it, as an accept of a session does for a minute,
 * waits no longer than `ending`, where the SDK gives it no signal of its own: its timer would keep the process alive.
 *
 * The links are the SDK's own affair and are found by its inner names; where those are gone, nothing changes.
 * @returns whether they were found
 */
export function guardLinkCloses(client: object, ending: AbortSignal): boolean {
  const context = field(client, "_connectionContext");
  if (typeof context !== "object" || context === null) return false;
  let connection = field(context, "connection");
  if (!guardConnection(connection, ending)) return false;
  // The SDK makes another connection when one is lost.
  Object.defineProperty(context, "connection", {
    configurable: true,
    enumerable: true,
    get: () => connection,
    set: (next: unknown) => {
      connection = next;
      guardConnection(next, ending);
    },
  });
  return true;
}

const OPENERS = ["createSession", "createReceiver", "createSender", "createAwaitableSender"] as const;

function guardConnection(connection: unknown, ending: AbortSignal): boolean {
  if (typeof connection !== "object" || connection === null) return false;
  let isKnown = false;
  for (const name of OPENERS) {
    const open = methodOf(connection, name);
    if (open === undefined) continue;
    isKnown = true;
    const guarded = async (options: unknown, ...more: unknown[]): Promise<unknown> => {
      const link = await open.apply(connection, [boundedBy(ending, options), ...more]);
      guardLink(link);
      return link;
    };
    Object.defineProperty(connection, name, { configurable: true, writable: true, value: guarded });
  }
  return isKnown;
}

function boundedBy(ending: AbortSignal, options: unknown = {}): unknown {
  const isOwn = typeof options !== "object" || field(options, "abortSignal") !== undefined;
  return isOwn ? options : { ...options, abortSignal: ending };
}

function guardLink(link: unknown): void {
  if (typeof link !== "object" || link === null) return;
  const close = methodOf(link, "close");
  if (close === undefined) return;
  const guarded = async (...args: unknown[]): Promise<unknown> => {
    try {
      return await close.apply(link, args);
    } catch {
      // It is gone either way: whoever waits for messages on it hears so from the connection.
      return undefined;
    }
  };
  Object.defineProperty(link, "close", { configurable: true, writable: true, value: guarded });
}

function methodOf(target: object, name: string): Method | undefined {
  const found = field(target, name);
  return typeof found === "function" ? (found as Method) : undefined;
}
