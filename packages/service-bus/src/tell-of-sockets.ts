import { field } from "./field.ts";
import { methodOf, replaceMethod, type Method } from "./inner-methods.ts";

/** Who wants to know the connection's own sockets. */
export interface SocketListener {
  /** This is one. */
  shown(socket: unknown): void;
  /** Calls what opens one that cannot be shown; `opened` is called when it is open. */
  hidden<Value>(open: (opened: () => void) => Value): Value;
}

/**
 * Tells of the socket whenever the connection opens one: before 22.17 and 24.2 Node's own channel says nothing of sockets
 * with TLS (seen with 22.12, 22.16 and 24.0, 2026-11-30). That of a WebSocket is hidden in its implementation.
 *
 * @param connection of the SDK; its socket is found by inner names, and where those are gone it is not told of
 */
export function tellOfSockets(connection: object, listener: SocketListener): void {
  const open = methodOf(connection, "open");
  if (open === undefined) return;
  const inRhea = field(connection, "_connection");
  tellOfWebSockets(field(inRhea, "options"), listener);
  const tell = (): void => listener.shown(field(inRhea, "socket"));
  // A client that was given in may be open.
  tell();
  replaceMethod(connection, "open", (...args) => {
    const opened = open.apply(connection, args);
    tell();
    return opened;
  });
}

/** rhea (3.0.5) asks this option how to connect: over WebSockets it brings a function of its own for that. */
function tellOfWebSockets(options: unknown, listener: SocketListener): void {
  if (typeof options !== "object" || options === null) return;
  const find = methodOf(options, "connection_details");
  if (find === undefined) return;
  replaceMethod(options, "connection_details", (...args) => {
    const details = find.apply(options, args);
    if (typeof details !== "object" || details === null) return details;
    const connect = methodOf(details, "connect");
    if (connect === undefined) return details;
    const connectTold: Method = (port, host, inner, connected) =>
      listener.hidden((opened) =>
        connect.call(details, port, host, inner, () => {
          opened();
          (connected as () => void)();
        }),
      );
    return { ...details, connect: connectTold };
  });
}
