import { field } from "./field.ts";
import { methodOf, replaceMethod, type Method } from "./inner-methods.ts";

/** Learns of the connection's own sockets. */
export interface SocketListener {
  /** Called with one of them. */
  shown(socket: unknown): void;
  /** Runs `open`, whose socket cannot be shown; `open` calls `opened` when that is open. */
  hidden<Value>(open: (opened: () => void) => Value): Value;
}

/**
 * Reports each socket that the connection opens. Before 22.17 and 24.2, Node's own channel says nothing of
 * sockets with TLS (seen with 22.12, 22.16 and 24.0, 2026-11-30). The socket of a WebSocket is hidden in its
 * implementation.
 *
 * @param connection the SDK's; its socket is found by inner names, and not reported if those are gone
 */
export function tellOfSockets(connection: object, listener: SocketListener): void {
  const open = methodOf(connection, "open");
  if (open === undefined) return;
  const inRhea = field(connection, "_connection");
  tellOfWebSockets(field(inRhea, "options"), listener);
  const tell = (): void => listener.shown(field(inRhea, "socket"));
  // A client that was passed in may be open already.
  tell();
  replaceMethod(connection, "open", (...args) => {
    const opened = open.apply(connection, args);
    tell();
    return opened;
  });
}

/** rhea (3.0.5) asks this option how to connect. Over WebSockets it returns its own function for that. */
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
