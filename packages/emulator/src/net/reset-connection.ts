import { TLSSocket } from "node:tls";

/** A socket, or a stream on one. */
interface Connection {
  readonly writableEnded: boolean;
  destroy(): unknown;
  resetAndDestroy(): unknown;
}

/**
 * Resets a connection. One over TLS cannot be reset, so it is destroyed. So is one whose own end is under way: Node (24.21)
 * would leave its handle open for ever, and the process would spin at its exit.
 */
export function resetConnection(connection: Connection): void {
  if (connection instanceof TLSSocket || connection.writableEnded) connection.destroy();
  else connection.resetAndDestroy();
}
