import type { Socket } from "node:net";
import { systemClock, type Clock } from "@anyqueue/core/adapter";
import { SILENCE_LOOK_MS, SILENCE_MS } from "./service-bus-limits.ts";

/** The part of a socket that shows whether the other end is there. */
export type WatchedSocket = Pick<Socket, "bytesRead" | "destroyed" | "destroy" | "once">;

/**
 * Ends a connection on which nothing has arrived for long. If a network silently drops packets, nobody else
 * notices, and every consumer waits in vain. A sleep of the process does not count as silence of the service.
 */
export function watchSilence(socket: WatchedSocket, clock: Clock = systemClock): void {
  let seen = socket.bytesRead;
  let silentMs = 0;
  const look = (): void => {
    silentMs = socket.bytesRead === seen ? silentMs + SILENCE_LOOK_MS : 0;
    seen = socket.bytesRead;
    if (silentMs >= SILENCE_MS)
      socket.destroy(new Error("the Service Bus connection has been silent for too long"));
    else timer = clock.setTimer(look, SILENCE_LOOK_MS);
  };
  let timer = clock.setTimer(look, SILENCE_LOOK_MS);
  socket.once("close", () => timer.cancel());
}
