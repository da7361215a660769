import {
  callProblems,
  countProblems,
  functionProblems,
  isRecord,
  kindOf,
  refuseProblems,
  unknownKeys,
} from "../errors/check-options.ts";
import { unsupported } from "../errors/queue-error.ts";
import { positiveProblems } from "../message/check-policy.ts";
import type { Middleware } from "../middleware/middleware.ts";
import type { ProducerSetup } from "../producer/producer-setup.ts";
import type { Logger } from "../queue-consumer.ts";
import { createEventSink } from "../telemetry/channels.ts";
import { EVENT_NAMES, type EventListener, type EventSink } from "../telemetry/events.ts";
import { logEvents } from "../telemetry/log-events.ts";
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
  requireRuntime();
  if (!isRecord(options)) refuseProblems([`options: expected an object, got ${kindOf(options)}`]);
  const { middleware = [], send = {}, listener = [], logger = silentLogger } = options;
  const listeners: readonly EventListener[] = isListenerList(listener) ? listener : [listener];
  refuseProblems([
    ...unknownKeys(options, ["clock", "logger", "listener", "middleware", "send"], "options"),
    ...sendProblems(send),
    ...middlewareProblems(middleware),
    ...loggerProblems(logger),
    ...listeners.flatMap(listenerProblems),
  ]);
  return Object.freeze({
    logger,
    events: createEventSink(listeners, logger === silentLogger ? undefined : logEvents(logger)),
    middleware: Object.freeze([...middleware]),
    send: {
      retryAmbiguous: send.retryAmbiguous ?? "ifDeduplicated",
      sendTimeoutMs: send.timeout === undefined ? DEFAULTS.sendTimeoutMs : durationToMs(send.timeout),
      maxBufferedBytes: send.maxBufferedBytes ?? DEFAULTS.maxBufferedBytes,
    },
  });
}

/** An older Node.js could send, but would fail in the middle of a consumer for a missing function. */
function requireRuntime(): void {
  if (typeof Promise.withResolvers === "function") return;
  const what = `Node.js ${process.versions.node} is too old`;
  throw unsupported("runtime", { what, remedy: "Use Node.js 22.12 or newer." });
}

function sendProblems(send: SendPolicy): string[] {
  const problems = callProblems(send, ["retryAmbiguous", "timeout", "maxBufferedBytes"], "options.send");
  const { retryAmbiguous, timeout, maxBufferedBytes = 1 } = send ?? {};
  if (retryAmbiguous !== undefined && !RETRY_AMBIGUOUS.includes(retryAmbiguous)) {
    problems.push(`options.send.retryAmbiguous: expected one of ${RETRY_AMBIGUOUS.join(", ")}`);
  }
  // With a timeout of zero, every send would be given up while it is on its way.
  if (timeout !== undefined) problems.push(...positiveProblems(timeout, "options.send.timeout"));
  return [...problems, ...countProblems(maxBufferedBytes, "options.send.maxBufferedBytes")];
}

function middlewareProblems(list: readonly Middleware[]): string[] {
  if (!Array.isArray(list)) return [`options.middleware: expected an array, got ${kindOf(list)}`];
  return list.flatMap((item: unknown, index) =>
    isRecord(item) && typeof item["name"] === "string"
      ? [
          ...unknownKeys(item, ["name", "send", "handle"], `options.middleware[${index}]`),
          ...functionProblems(item, ["send", "handle"], `options.middleware[${index}]`),
        ]
      : [`options.middleware[${index}]: expected { name, send?, handle? }, got ${kindOf(item)}`],
  );
}

function loggerProblems(logger: unknown): string[] {
  if (!isRecord(logger)) return [`options.logger: expected an object, got ${kindOf(logger)}`];
  return ["info", "warn", "error"]
    .filter((name) => typeof logger[name] !== "function")
    .map((name) => `options.logger.${name}: expected a function, got ${kindOf(logger[name])}`);
}

/** Finds misspelt events, which would never be called. Other members may be the listener's own data. */
function listenerProblems(listener: unknown): string[] {
  const where = "options.listener";
  if (!isRecord(listener)) return [`${where}: expected an object, got ${kindOf(listener)}`];
  const functions = Object.fromEntries(
    Object.entries(listener).filter(([, value]) => typeof value === "function"),
  );
  return [...unknownKeys(functions, EVENT_NAMES, where), ...functionProblems(listener, EVENT_NAMES, where)];
}

function isListenerList(
  listener: EventListener | readonly EventListener[],
): listener is readonly EventListener[] {
  return Array.isArray(listener);
}
