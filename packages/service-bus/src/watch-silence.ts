import type { Socket } from "node:net";
import { systemClock, type Clock } from "@anyqueue/core/adapter";
import { SILENCE_LOOK_MS, SILENCE_MS } from "./service-bus-limits.ts";

/** The part of a socket that tells whether anybody is there. */
export type WatchedSocket = Pick<Socket, "bytesRead" | "destroyed" | "destroy" | "once">;

/**
 * Ends a connection on which nothing has arrived for long: behind a network that drops packets without a word nobody
 * else notices, and every consumer on it waits for nothing. A sleep of the process is not silence of the service.
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
