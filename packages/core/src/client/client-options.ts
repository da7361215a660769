import {
  countProblems,
  functionProblems,
  isRecord,
  listOf,
  memberProblems,
  noProblems,
  optionProblems,
  recordProblems,
  refuseProblems,
  textProblems,
  unknownKeys,
  type Checks,
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
import type { ClientOptions } from "./client-types.ts";
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
const SEND: Checks = {
  retryAmbiguous: (value, where) =>
    RETRY_AMBIGUOUS.includes(value) ? [] : [`${where}: expected one of ${RETRY_AMBIGUOUS.join(", ")}`],
  // With a timeout of zero, every send would be given up while it is on its way.
  timeout: positiveProblems,
  maxBufferedBytes: countProblems,
};
const LOGGER: Checks = { info: functionProblems, warn: functionProblems, error: functionProblems };
const MIDDLEWARE: Checks = {
  name: textProblems,
  send: functionProblems,
  handle: functionProblems,
};
const OPTIONS: Checks = {
  clock: noProblems,
  logger: (logger, where) =>
    isRecord(logger)
      ? memberProblems(logger, LOGGER, where, Object.keys(LOGGER))
      : recordProblems(logger, where),
  listener: (listener, where) => [listener].flat().flatMap((each) => listenerProblems(each, where)),
  middleware: listOf((item, where) => optionProblems(item, MIDDLEWARE, where, ["name"])),
  send: (send, where) => optionProblems(send, SEND, where),
};

/** Checks the options once. @throws INVALID_ARGUMENT with every problem */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  requireRuntime();
  refuseProblems(optionProblems(options, OPTIONS, "options"));
  const { middleware = [], send = {}, listener = [], logger = silentLogger } = options;
  const listeners: readonly EventListener[] = [listener].flat();
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

/** Finds misspelt events, which would never be called. Other members may be the listener's own data. */
function listenerProblems(listener: unknown, where: string): string[] {
  if (!isRecord(listener)) return recordProblems(listener, where);
  const functions = Object.fromEntries(
    Object.entries(listener).filter(([, value]) => typeof value === "function"),
  );
  const checks = Object.fromEntries(EVENT_NAMES.map((name) => [name, functionProblems]));
  return [...unknownKeys(functions, EVENT_NAMES, where), ...memberProblems(listener, checks, where)];
}
