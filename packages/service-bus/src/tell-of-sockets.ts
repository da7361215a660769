import { field } from "./field.ts";
import { methodOf, replaceMethod } from "./inner-methods.ts";

/**
 * Tells of the socket whenever the connection opens one: before 22.17 and 24.2 Node's own channel says nothing of sockets
 * with TLS (seen with 22.12, 22.16 and 24.0, 2026-11-30).
 *
 * @param connection of the SDK; its socket is found by inner names, and where those are gone it is not told of
 */
export function tellOfSockets(connection: object, opening: (socket: unknown) => void): void {
  const open = methodOf(connection, "open");
  if (open === undefined) return;
  const tell = (): void => opening(field(field(connection, "_connection"), "socket"));
  // A client that was given in may be open.
  tell();
  replaceMethod(connection, "open", (...args) => {
    const opened = open.apply(connection, args);
    tell();
    return opened;
  });
}
