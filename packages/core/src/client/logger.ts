import type { Logger } from "../queue-consumer.ts";

/** The default: an application that wants log lines gives a logger of its own. */
export const silentLogger: Logger = Object.freeze({
  info: () => {},
  warn: () => {},
  error: () => {},
});
