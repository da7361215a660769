import type { Duplex } from "node:stream";

/** What a connection needs of a socket; what comes through a WebSocket has it too. */
export interface AmqpStream extends Duplex {
  setNoDelay(isOn: boolean): unknown;
  resetAndDestroy(): unknown;
}
