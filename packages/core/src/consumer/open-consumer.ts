import { checkedConsumer, checkedProbe, checkedProducer, checkTarget } from "../driver/check-driver.ts";
import type { ConsumerDriver, ConsumerDriverOptions } from "../driver/driver.ts";
import type { EntityFacts, ProbeResult, Target } from "../driver/entity.ts";
import { isQueueError, unsupported, type QueueError } from "../errors/queue-error.ts";
import { reworded, wrapDriverError } from "../errors/wrap-error.ts";
import type { Clock } from "../time/clock.ts";
import { within } from "../time/within.ts";
import type { ConsumerSetup } from "./consumer-setup.ts";
import { cutOffBy, type CutOff } from "./cut-off.ts";
import {
  createCopyRoute,
  routeToNowhere,
  type CopyRouteOptions,
  type DeadLetterRoute,
} from "./dead-letter.ts";
import type { ConsumerSettings } from "./resolve-options.ts";
import { canCopyRetries, createRetryRoute, type RetryRoute } from "./retry-copy.ts";
import { refuseMisfit, startNotices, wantedLeaseMs } from "./start-checks.ts";
import { timedRequest } from "./timed-request.ts";

/** A consumer whose driver is open and whose settings fit the entity. */
export interface OpenedConsumer {
  /** The target, refined by the probe. */
  readonly target: Target;
  readonly driver: ConsumerDriver<unknown>;
  readonly route: DeadLetterRoute;
  /** For delays during which a lease costs too much to hold. Undefined: the lease is held. */
  readonly retries: RetryRoute | undefined;
  /** The lease that a receive or a renewal asks for. */
  readonly leaseMs: number;
}

/** A start that can be ended early. */
interface Opening extends ConsumerSetup {
  readonly cutOff: CutOff;
}

/** Rule D13: each step of a start that cannot work ends within this. */
const STEP_TIMEOUT_MS = 5_000;
/** Longest wait for the close of what was opened in vain. */
const UNUSED_CLOSE_MS = 1_500;

/** Rule D13: find, probe, check, open. Rejects with a QueueError, at once on `cut`. Leaves nothing open. */
export async function openConsumer(
  setup: ConsumerSetup,
  settings: ConsumerSettings,
  options: Omit<ConsumerDriverOptions<unknown>, "leaseMs">,
  cut: AbortSignal,
): Promise<OpenedConsumer> {
  return await cutOffBy(cut, async (cutOff) => await openIt({ ...setup, cutOff }, settings, options));
}

async function openIt(
  opening: Opening,
  settings: ConsumerSettings,
  options: Omit<ConsumerDriverOptions<unknown>, "leaseMs">,
): Promise<OpenedConsumer> {
  const { adapter, clock, details, events } = opening;
  const located = await locate(opening);
  const { probed, missing } = await probeTarget(opening, located);
  const target = refined(located, probed);
  const start = { details, settings, target, facts: probed?.facts };
  refuseMisfit(start, adapter.name);
  const leaseMs = wantedLeaseMs(start);
  const route = await openRoute(opening, settings, target, probed?.facts).catch((error: unknown) => {
    throw isQueueError(error, "NOT_FOUND") && missing !== undefined ? missing : error;
  });
  let retries: RetryRoute | undefined;
  let driver: ConsumerDriver<unknown> | undefined;
  try {
    retries = await openRetries(opening, target);
    driver = checkedConsumer(adapter.openConsumer(target, { ...options, leaseMs }));
    await openDriver(opening, driver);
    for (const text of startNotices(start)) events.emit("notice", { target: target.name, text });
    return { target, driver, route, retries, leaseMs };
  } catch (error) {
    await closeInTime(clock, closeOpened({ route, retries, driver }));
    throw wrapDriverError(adapter, target, "open", error);
  }
}

/** Closes everything, even if a part of it fails to close. */
export async function closeOpened({
  driver,
  route,
  retries,
}: Pick<OpenedConsumer, "route" | "retries"> & {
  readonly driver: ConsumerDriver<unknown> | undefined;
}): Promise<void> {
  const closed = await Promise.allSettled([
    driver && closeDriver(driver),
    retries?.close(),
    route.kind === "copy" ? route.close() : undefined,
  ]);
  for (const result of closed) if (result.status === "rejected") throw result.reason;
}

/** Rejects, too, if the close throws at once. */
async function closeDriver(driver: Pick<ConsumerDriver<unknown>, "close">): Promise<void> {
  await driver.close();
}

/** Never rejects: what is closed here has failed already, or was never used. */
export async function closeInTime(clock: Clock, closed: Promise<void>): Promise<void> {
  await within(clock, UNUSED_CLOSE_MS, closed).catch(() => {});
}

async function locate({ adapter, target, clock, cutOff, locate: find }: Opening): Promise<Target> {
  if (find === undefined) return target;
  try {
    return await timedRequest(clock, "open", STEP_TIMEOUT_MS, find, cutOff);
  } catch (error) {
    throw wrapDriverError(adapter, target, "open", error);
  }
}

interface Probed {
  readonly probed?: ProbeResult | undefined;
  /** Set if, as far as the probe can tell, the entity itself does not exist. */
  readonly missing?: QueueError;
}

/** Rights to probe may be missing: what cannot be read is unknown, and the start reports that. */
export async function probeTarget(
  { adapter, clock, cutOff }: Pick<ConsumerSetup, "adapter" | "clock"> & Partial<Opening>,
  target: Target,
): Promise<Probed> {
  if (adapter.probe === undefined) return {};
  const look = async (signal: AbortSignal): Promise<ProbeResult | undefined> =>
    await adapter.probe?.(target, signal);
  try {
    const probed = checkedProbe(await timedRequest(clock, "probe", STEP_TIMEOUT_MS, look, cutOff));
    checkTarget(refined(target, probed));
    return { probed };
  } catch (error) {
    const { message } = wrapDriverError(adapter, target, "probe", error);
    const probed = { facts: { unknown: [`its settings could not be read: ${message}`] } };
    const failure = wrapDriverError(adapter, target, "open", error);
    return isQueueError(failure, "NOT_FOUND") ? { probed, missing: failure } : { probed };
  }
}

/** The target with what the probe corrects. */
export function refined(target: Target, probed: ProbeResult | undefined): Target {
  if (probed?.capabilities === undefined && probed?.limits === undefined) return target;
  return {
    ...target,
    capabilities: { ...target.capabilities, ...probed.capabilities },
    limits: { ...target.limits, ...probed.limits },
  };
}

async function openDriver(
  { clock, cutOff }: Opening,
  driver: { open?(signal: AbortSignal): Promise<void> },
): Promise<void> {
  if (driver.open === undefined) return;
  await timedRequest(clock, "open", STEP_TIMEOUT_MS, async (signal) => await driver.open?.(signal), cutOff);
}

async function openRoute(
  setup: Opening,
  settings: ConsumerSettings,
  target: Target,
  facts: EntityFacts | undefined,
): Promise<DeadLetterRoute> {
  const nowhere = routeToNowhere(setup.details, settings);
  if (nowhere !== undefined) return nowhere;
  if (target.capabilities.deadLetter === "native") return { kind: "native" };
  if (setup.deadLetterTarget === undefined) {
    const remedy = 'Give the queue a dead-letter queue, or say deadLetter: "none" in its definition.';
    const what = "there is no place for messages that cannot be handled";
    throw unsupported("deadLetter", { what, remedy, target: target.name });
  }
  return await openCopyRoute(setup, setup.deadLetterTarget(facts));
}

async function openRetries(setup: Opening, target: Target): Promise<RetryRoute | undefined> {
  return canCopyRetries(setup.details, target)
    ? createRetryRoute(await openCopies(setup, target))
    : undefined;
}

async function openCopyRoute(setup: Opening, target: Target): Promise<DeadLetterRoute> {
  try {
    return createCopyRoute(await openCopies(setup, target));
  } catch (error) {
    throw withRouteRemedy(wrapDriverError(setup.adapter, target, "open", error));
  }
}

/** Opens a producer for copies of messages. */
async function openCopies(setup: Opening, target: Target): Promise<CopyRouteOptions> {
  const { adapter, clock, details } = setup;
  const driver = checkedProducer(adapter.openProducer(target));
  try {
    await openDriver(setup, driver);
  } catch (error) {
    await closeInTime(clock, closeDriver(driver));
    throw error;
  }
  return {
    driver,
    target,
    clock,
    contentType: details.codec.contentType,
    toError: (operation, error) => wrapDriverError(adapter, target, operation, error),
  };
}

/** Adds a remedy for those who made the queue with other tools. */
export function withRouteRemedy(error: QueueError): QueueError {
  if (!isQueueError(error, "NOT_FOUND")) return error;
  const remedy =
    'Create it (client.admin.create, or `anyqueue create <its name> --no-dead-letters`), or say deadLetter: "none" in the definition.';
  return reworded(error, "the dead-letter queue does not exist", { operation: "open", remedy });
}
