import { field } from "./field.ts";
import { methodOf, replaceMethod } from "./inner-methods.ts";

const AT_ONCE = Symbol("what a turn writes goes out in one piece");

/**
 * Sends what a turn writes in one piece: messages, settlements and credit. rhea (3.0.5) writes each frame by
 * itself. This saves a system call, and with TLS a record, for each frame but one (docs/decisions/0053).
 *
 * @param connection rhea's; unchanged if its names are different
 */
export function writeAtOnce(connection: unknown): void {
  if (typeof connection !== "object" || connection === null) return;
  const write = methodOf(connection, "_process");
  if (write === undefined || AT_ONCE in connection) return;
  Object.defineProperty(connection, AT_ONCE, { value: true });
  replaceMethod(connection, "_process", () => {
    // Read each time: a connection may get another socket, and a WebSocket cannot wait.
    const socket = field(connection, "socket");
    cork(socket, "cork");
    try {
      write.call(connection);
    } finally {
      cork(socket, "uncork");
    }
  });
}

function cork(socket: unknown, how: "cork" | "uncork"): void {
  if (typeof socket === "object" && socket !== null) methodOf(socket, how)?.call(socket);
}
