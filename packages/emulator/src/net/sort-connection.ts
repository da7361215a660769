import type { Socket } from "node:net";
import { detectProtocol, type WireProtocol } from "./detect-protocol.ts";

/** Handler for each detected protocol. A protocol without a handler is refused. */
export type ConnectionTakers = Readonly<Partial<Record<WireProtocol, (socket: Socket) => void>>>;

/**
 * Waits for the first bytes, puts them back and hands the connection on. Destroys a connection that stays
 * silent for `patienceMs` or speaks no known protocol.
 */
export function sortConnection(socket: Socket, takers: ConnectionTakers, patienceMs: number): void {
  // Each byte restarts the timeout, but four bytes always decide, so the total wait is bounded.
  const giveUp = (): void => {
    socket.destroy();
  };
  let seen = Buffer.alloc(0);
  const look = (): void => {
    const bytes: unknown = socket.read();
    if (!Buffer.isBuffer(bytes)) return;
    seen = Buffer.concat([seen, bytes]);
    const protocol = detectProtocol(seen);
    if (protocol === undefined) return;
    leave();
    const take = protocol === "unknown" ? undefined : takers[protocol];
    if (take === undefined) {
      socket.destroy();
      return;
    }
    socket.unshift(seen);
    take(socket);
  };
  const leave = (): void => {
    socket.off("readable", look);
    socket.off("end", giveUp);
    socket.off("timeout", giveUp);
    socket.off("error", giveUp);
    socket.setTimeout(0);
  };
  socket.on("readable", look);
  socket.on("end", giveUp);
  socket.on("error", giveUp);
  socket.on("timeout", giveUp);
  socket.setTimeout(patienceMs);
}
