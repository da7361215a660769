import type { Duplex } from "node:stream";

/** What a connection needs from a socket. A WebSocket stream has it too. */
export interface AmqpStream extends Duplex {
  setNoDelay(isOn: boolean): unknown;
  resetAndDestroy(): unknown;
}
