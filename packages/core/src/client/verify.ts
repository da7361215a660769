import { timedRequest } from "../consumer/timed-request.ts";
import type { EntityFacts, ProbeResult } from "../driver/entity.ts";
import { isQueueError, QueueError } from "../errors/queue-error.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import type { EventSink } from "../telemetry/events.ts";
import { unmetNeeds } from "./check-needs.ts";
import { DEFAULTS } from "./defaults.ts";
import { deadLetterTarget, locateDeadLetters, type Directory, type Place } from "./directory.ts";

/** Everything wrong with one definition on its provider: needs, existence, rights, budgets. */
export async function verifyPlace(
  place: Place,
  directory: Directory,
  events: EventSink,
): Promise<readonly QueueError[]> {
  const unmet = unmetNeeds(place.details, place.target, place.connection.adapter.name);
  if (unmet.length > 0) return unmet;
  const found = await located(place, directory);
  const probed = await probe(found);
  for (const text of probed?.facts.unknown ?? []) events.emit("notice", { target: found.target.name, text });
  const missing = await accessFaults(found, events);
  if (missing.length > 0) return missing;
  return [
    ...refinedFaults(found, probed),
    ...budgetFaults(found, probed?.facts),
    ...(await deadLetterFaults(found, probed?.facts)),
  ];
}

/** Rule D13: a start that cannot work ends within this. */
const STEP_TIMEOUT_MS = 5_000;

async function located(place: Place, directory: Directory): Promise<Place> {
  if (place.details.kind !== "dead-letter") return place;
  const target = await timed(place, async (signal) => await locateDeadLetters(place, directory, signal));
  return { ...place, target };
}

/** Rights to look may be missing: what cannot be read is unknown. */
async function probe(place: Place): Promise<ProbeResult | undefined> {
  const { adapter } = place.connection;
  if (adapter.probe === undefined) return undefined;
  try {
    return await timed(place, async (signal) => await adapter.probe?.(place.target, signal));
  } catch (error) {
    const { message } = wrapDriverError(adapter, place.target, "probe", error);
    return { facts: { unknown: [`its settings could not be read: ${message}`] } };
  }
}

/**
 * Opens both sides. A process often has the right to one side only, so that a side that is denied while
 * the other opens is a notice, no fault.
 */
async function accessFaults(place: Place, events: EventSink): Promise<readonly QueueError[]> {
  const { kind } = place.details;
  const sides = [
    ...(kind === "queue" || kind === "topic" ? [openProducer] : []),
    ...(kind === "topic" ? [] : [openConsumer]),
  ];
  const results = await Promise.all(sides.map(async (open) => await faultOf(place, open)));
  const faults = results.filter((fault) => fault !== undefined);
  const isFatal = (fault: QueueError): boolean =>
    fault.code !== "ACCESS_DENIED" || faults.length === sides.length;
  for (const fault of faults) {
    if (!isFatal(fault)) events.emit("notice", { target: place.target.name, text: fault.message });
  }
  return faults.filter(isFatal).slice(0, 1);
}

async function faultOf(
  place: Place,
  open: (place: Place, signal: AbortSignal) => Promise<void>,
): Promise<QueueError | undefined> {
  try {
    await timed(place, async (signal) => await open(place, signal));
    return undefined;
  } catch (error) {
    if (isQueueError(error, "UNSUPPORTED")) return undefined;
    return wrapDriverError(place.connection.adapter, place.target, "open", error);
  }
}

async function timed<T>({ connection }: Place, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return await timedRequest(connection.clock, "open", STEP_TIMEOUT_MS, call);
}

async function openProducer({ connection, target }: Place, signal: AbortSignal): Promise<void> {
  const driver = connection.adapter.openProducer(target);
  try {
    await driver.open?.(signal);
  } finally {
    await driver.close();
  }
}

async function openConsumer({ connection, target }: Place, signal: AbortSignal): Promise<void> {
  const driver = connection.adapter.openConsumer(target, {
    mode: "pull",
    leaseMs: DEFAULTS.leaseMs,
    flow: { maxOutstanding: 0, lanes: 0 },
    events: { leasesLost: () => {}, fault: () => {} },
  });
  try {
    await driver.open?.(signal);
  } finally {
    await driver.close();
  }
}

/** What only the service knows: a queue that exists may lack what its kind can have. */
function refinedFaults(place: Place, probed: ProbeResult | undefined): readonly QueueError[] {
  const capabilities = { ...place.target.capabilities, ...probed?.capabilities };
  return unmetNeeds(place.details, { ...place.target, capabilities }, place.connection.adapter.name);
}

/** The service must not dead-letter before the core has used its attempts. */
function budgetFaults({ details, target }: Place, facts: EntityFacts | undefined): readonly QueueError[] {
  const attempts = details.policy.retry?.attempts ?? DEFAULTS.attempts;
  const maxDeliveries = facts?.maxDeliveries;
  if (details.kind === "topic" || details.kind === "dead-letter" || maxDeliveries === undefined) return [];
  if (attempts === "unlimited" || maxDeliveries >= attempts) return [];
  const what = `the service dead-letters after ${maxDeliveries} deliveries, but the definition allows ${attempts} attempts`;
  const remedy = "Raise the service's limit well above the attempts, or lower the attempts.";
  return [new QueueError("INVALID_ARGUMENT", { what, remedy, target: target.name })];
}

/** Where the core itself sends dead letters, their target must exist and accept. */
async function deadLetterFaults(
  place: Place,
  facts: EntityFacts | undefined,
): Promise<readonly QueueError[]> {
  const { details, target, route } = place;
  const isNeeded = details.kind !== "dead-letter" && details.policy.deadLetter !== "none";
  if (route.deadLetter === undefined || !isNeeded || target.capabilities.deadLetter === "native") return [];
  const fault = await faultOf({ ...place, target: deadLetterTarget(place, facts) }, openProducer);
  return fault === undefined ? [] : [fault];
}
