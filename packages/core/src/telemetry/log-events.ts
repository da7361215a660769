import type { Logger } from "../queue-consumer.ts";
import type { EventListener, EventName } from "./events.ts";

/** What happens with every message is not logged: a listener can count it. */
const WARNINGS: { readonly [Name in EventName]?: string } = {
  "send-retry": "a send failed and is tried again",
  "receive-error": "receiving failed and is tried again",
  "dead-lettered": "a message went to the dead letters",
  "dead-letter-failed": "a message could not go to the dead letters; it stays in its queue",
  "lease-lost": "a lease was lost; its message comes again",
  "late-result": "a handler ended too late; its result is ignored",
  "settle-failed": "a settlement failed; its message comes again",
  "event-refused": "a call was refused; none of its messages was handled",
  expired: "a message was dropped because its ttl was over",
  "listener-error": "a listener or hook failed",
};

/** Logs whatever is worth a look with the application's logger; the fields are those of the event. */
export function logEvents(logger: Logger): EventListener {
  const warnings = Object.entries(WARNINGS).map(([name, text]) => [
    name,
    (event: object) => logger.warn(event, text),
  ]);
  return {
    ...Object.fromEntries(warnings),
    // Returned, so that the rejection of an asynchronous logger is contained.
    handled: (event) => (event.outcome === "ack" ? undefined : logger.warn(event, "a handler failed")),
    notice: (event) => logger.warn(event, event.text),
    emulated: (event) => logger.info(event, `${event.feature} is emulated`),
    state: (event) => logger.info(event, `the consumer is ${event.state}`),
  };
}
