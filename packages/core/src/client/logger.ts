import type { Logger } from "../queue-consumer.ts";

/** The default, which drops everything; an application that wants log lines gives its own logger. */
export const silentLogger: Logger = Object.freeze({
  info: () => {},
  warn: () => {},
  error: () => {},
});
