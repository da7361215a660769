import { isRecord, kindOf, refuseProblems, unknownKeys } from "../errors/check-options.ts";
import { durationProblems } from "../message/check-policy.ts";
import type { Middleware } from "../middleware/middleware.ts";
import type { ProducerSetup } from "../producer/producer-setup.ts";
import type { Logger } from "../queue-consumer.ts";
import { createEventSink } from "../telemetry/channels.ts";
import type { EventListener, EventSink } from "../telemetry/events.ts";
import { durationToMs } from "../time/duration.ts";
import type { ClientOptions, SendPolicy } from "./client-types.ts";
import { DEFAULTS } from "./defaults.ts";
import { silentLogger } from "./logger.ts";

/** The options of a client with every default filled in. */
export interface ResolvedOptions {
  readonly logger: Logger;
  readonly events: EventSink;
  readonly middleware: readonly Middleware[];
  readonly send: Pick<ProducerSetup, "retryAmbiguous" | "sendTimeoutMs" | "maxBufferedBytes">;
}

const RETRY_AMBIGUOUS: readonly unknown[] = ["never", "ifDeduplicated", "always"];

/** Checks the options once. @throws INVALID_ARGUMENT with every problem */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  if (!isRecord(options)) refuseProblems([`options: expected an object, got ${kindOf(options)}`]);
  const { middleware = [], send = {}, listener = [], logger = silentLogger } = options;
  refuseProblems([
    ...unknownKeys(options, ["clock", "logger", "listener", "middleware", "send"], "options"),
    ...sendProblems(send),
    ...middlewareProblems(middleware),
  ]);
  const listeners: readonly EventListener[] = isListenerList(listener) ? listener : [listener];
  return Object.freeze({
    logger,
    events: createEventSink(listeners),
    middleware: Object.freeze([...middleware]),
    send: {
      retryAmbiguous: send.retryAmbiguous ?? "ifDeduplicated",
      sendTimeoutMs: send.timeout === undefined ? DEFAULTS.sendTimeoutMs : durationToMs(send.timeout),
      maxBufferedBytes: send.maxBufferedBytes ?? DEFAULTS.maxBufferedBytes,
    },
  });
}

function sendProblems(send: SendPolicy): string[] {
  if (typeof send !== "object" || send === null) {
    return [`options.send: expected an object, got ${kindOf(send)}`];
  }
  const { retryAmbiguous, timeout, maxBufferedBytes } = send;
  const problems = unknownKeys(send, ["retryAmbiguous", "timeout", "maxBufferedBytes"], "options.send");
  if (retryAmbiguous !== undefined && !RETRY_AMBIGUOUS.includes(retryAmbiguous)) {
    problems.push(`options.send.retryAmbiguous: expected one of ${RETRY_AMBIGUOUS.join(", ")}`);
  }
  if (timeout !== undefined) problems.push(...durationProblems(timeout, "options.send.timeout"));
  if (maxBufferedBytes !== undefined && !(Number.isSafeInteger(maxBufferedBytes) && maxBufferedBytes > 0)) {
    problems.push("options.send.maxBufferedBytes: expected a whole number of bytes from 1");
  }
  return problems;
}

function middlewareProblems(list: readonly Middleware[]): string[] {
  if (!Array.isArray(list)) return [`options.middleware: expected an array, got ${kindOf(list)}`];
  return list.flatMap((item: unknown, index) =>
    isRecord(item) && typeof item["name"] === "string"
      ? unknownKeys(item, ["name", "send", "handle"], `options.middleware[${index}]`)
      : [`options.middleware[${index}]: expected { name, send?, handle? }, got ${kindOf(item)}`],
  );
}

function isListenerList(
  listener: EventListener | readonly EventListener[],
): listener is readonly EventListener[] {
  return Array.isArray(listener);
}
