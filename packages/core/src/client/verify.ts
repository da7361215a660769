import { probeTarget, refined, withRouteRemedy } from "../consumer/open-consumer.ts";
import { resolveOptions, type ConsumerSettings } from "../consumer/resolve-options.ts";
import { misfits } from "../consumer/start-checks.ts";
import { timedRequest } from "../consumer/timed-request.ts";
import { checkedConsumer, checkedProducer } from "../driver/check-driver.ts";
import type { ConsumerDriver, ProducerDriver } from "../driver/driver.ts";
import type { EntityFacts } from "../driver/entity.ts";
import { isQueueError, type QueueError } from "../errors/queue-error.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import type { EventSink } from "../telemetry/events.ts";
import { unmetNeeds } from "./check-needs.ts";
import { DEFAULTS } from "./defaults.ts";
import { deadLetterTarget, locateDeadLetters, type Directory, type Place } from "./directory.ts";

/** Returns everything wrong with one definition on its provider: needs, existence, rights, budgets. */
export async function verifyPlace(
  place: Place,
  directory: Directory,
  events: EventSink,
): Promise<readonly QueueError[]> {
  const unmet = unmetNeeds(place.details, place.target, place.connection.adapter.name);
  if (unmet.length > 0) return unmet;
  const found = await located(place, directory);
  const { probed } = await probeTarget(found.connection, found.target);
  const missing = await accessFaults(found, events);
  if (missing.length > 0) return missing;
  for (const text of probed?.facts.unknown ?? []) events.emit("notice", { target: found.target.name, text });
  const settings = resolveOptions(found.route.consumer, found.details.policy);
  const known = { ...found, target: refined(found.target, probed) };
  return [
    ...refinedFaults(known, settings, probed?.facts),
    ...(await deadLetterFaults(known, settings, probed?.facts)),
  ];
}

/** Rule D13: a start that cannot work ends within this time. */
const STEP_TIMEOUT_MS = 5_000;

async function located(place: Place, directory: Directory): Promise<Place> {
  if (place.details.kind !== "dead-letter") return place;
  const target = await timed(place, async (signal) => await locateDeadLetters(place, directory, signal));
  return { ...place, target };
}

/** Opens both sides. Many processes have the right to only one: the other's refusal is a notice, no fault. */
async function accessFaults(place: Place, events: EventSink): Promise<readonly QueueError[]> {
  const { kind } = place.details;
  const sides = [
    ...(kind === "queue" || kind === "topic" ? [producerOf] : []),
    ...(kind === "topic" ? [] : [consumerOf]),
  ];
  const results = await Promise.all(sides.map(async (side) => await faultOf(place, side)));
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
  driverOf: (place: Place) => ConsumerDriver<unknown> | ProducerDriver,
): Promise<QueueError | undefined> {
  try {
    await timed(place, async (signal) => {
      const driver = driverOf(place);
      try {
        await driver.open?.(signal);
      } finally {
        await driver.close();
      }
    });
    return undefined;
  } catch (error) {
    if (isQueueError(error, "UNSUPPORTED")) return undefined;
    return wrapDriverError(place.connection.adapter, place.target, "open", error);
  }
}

async function timed<T>({ connection }: Place, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return await timedRequest(connection.clock, "open", STEP_TIMEOUT_MS, call);
}

function producerOf({ connection, target }: Place): ProducerDriver {
  return checkedProducer(connection.adapter.openProducer(target));
}

function consumerOf({ connection, target }: Place): ConsumerDriver<unknown> {
  return checkedConsumer(
    connection.adapter.openConsumer(target, {
      mode: "pull",
      leaseMs: DEFAULTS.leaseMs,
      flow: { maxOutstanding: 0, lanes: 0 },
      events: { leasesLost: () => {}, fault: () => {} },
    }),
  );
}

/** Returns faults that only a probe shows: an entity may lack what its kind can have or consumers need. */
function refinedFaults(
  { details, target, connection }: Place,
  settings: ConsumerSettings,
  facts: EntityFacts | undefined,
): readonly QueueError[] {
  const { name } = connection.adapter;
  if (details.kind === "topic") return unmetNeeds(details, target, name);
  return misfits({ details, settings, target, facts }, name);
}

/** If the core itself sends the dead letters, checks that their target exists and accepts messages. */
async function deadLetterFaults(
  place: Place,
  { deadLetter }: ConsumerSettings,
  facts: EntityFacts | undefined,
): Promise<readonly QueueError[]> {
  const { details, target, route } = place;
  const isNeeded = details.kind !== "dead-letter" && deadLetter !== "none";
  if (route.deadLetter === undefined || !isNeeded || target.capabilities.deadLetter === "native") return [];
  const fault = await faultOf({ ...place, target: deadLetterTarget(place, facts) }, producerOf);
  return fault === undefined ? [] : [withRouteRemedy(fault)];
}
