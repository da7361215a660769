import type { AdminDriver, CreateOptions, EntityCounts } from "../driver/admin-driver.ts";
import type { Capabilities } from "../driver/capabilities.ts";
import type { Target } from "../driver/entity.ts";
import {
  kindOf,
  noProblems,
  optionProblems,
  refuseProblems,
  textProblems,
  signalProblems,
  type Checks,
} from "../errors/check-options.ts";
import { isQueueError, QueueError, unsupported } from "../errors/queue-error.ts";
import { resolveOptions, type ConsumerSettings } from "../consumer/resolve-options.ts";
import { leaseMisfit } from "../consumer/start-checks.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import { detailsOf, type AnyDefinition, type DefinitionDetails } from "../message/queue-definition.ts";
import type { EventSink } from "../telemetry/events.ts";
import { orAborted } from "../time/or-aborted.ts";
import { unmetNeeds } from "./check-needs.ts";
import type { AdminOptions, QueueAdmin, QueueCounts } from "./client-types.ts";
import { aborted } from "./aborted.ts";
import { combineErrors } from "./combine-errors.ts";
import type { Connection } from "./connections.ts";
import { DEFAULTS } from "./defaults.ts";
import { deadLetterTarget, locateDeadLetters, probe, type Directory, type Place } from "./directory.ts";
import { redrive } from "./redrive.ts";

const OPTIONS: Checks = { signal: signalProblems };
/** What is moved is checked by the redrive. */
const REDRIVE_OPTIONS: Checks = { signal: signalProblems, max: noProblems, filter: noProblems };

/** Makes the portable administration of a client; `assertOpen` throws CLOSED after `close()`. */
export function createAdmin(
  directory: Directory,
  ending: AbortSignal,
  assertOpen: () => void,
  events: EventSink,
): QueueAdmin {
  const signalOf = (options: AdminOptions, checks: Checks = OPTIONS): AbortSignal => {
    refuseProblems(optionProblems(options, checks, "options"));
    return options.signal === undefined ? ending : AbortSignal.any([options.signal, ending]);
  };
  const find = (of: AnyDefinition): Place => {
    assertOpen();
    return directory.find(detailsOf(of));
  };
  const atEntity = async (
    of: AnyDefinition,
    options: AdminOptions,
    act: (admin: AdminDriver, target: Target, signal: AbortSignal) => Promise<void>,
  ): Promise<void> => {
    const signal = signalOf(options);
    const place = find(of);
    const target = await entityOf(place, directory, signal);
    await administrate(place.connection, target, signal, async (admin) => await act(admin, target, signal));
  };
  return Object.freeze({
    create: async (of: AnyDefinition, options: AdminOptions = {}) =>
      await create(find(of), directory, signalOf(options), events),
    inspect: async (of: AnyDefinition, options: AdminOptions = {}) =>
      await inspect(find(of), directory, signalOf(options)),
    purge: async (of: AnyDefinition, options: AdminOptions = {}) =>
      await atEntity(of, options, async (admin, target, signal) => await admin.purge(target, signal)),
    seek: async (of: AnyDefinition, to: Date, options: AdminOptions = {}) => {
      if (!(to instanceof Date) || Number.isNaN(to.getTime()))
        refuseProblems([`seek: expected a Date as the moment, got ${kindOf(to)}`]);
      await atEntity(of, options, async (admin, target, signal) => {
        if (admin.seek === undefined) throw noSeek(target);
        await admin.seek(target, to, signal);
      });
    },
    delete: async (of: AnyDefinition, options: AdminOptions = {}) =>
      await atEntity(of, options, async (admin, target, signal) => await admin.delete(target, signal)),
    list: async (startsWith = "", options: AdminOptions = {}) => {
      assertOpen();
      refuseProblems(textProblems(startsWith, "list"));
      const prefix = directory.prefix + startsWith;
      const signal = signalOf(options);
      return await administrate(directory.main, { name: prefix }, signal, async (admin) => {
        return await admin.list(prefix, signal);
      });
    },
    redrive: (of, options = {}) => redrive(find(of), directory, options, signalOf(options, REDRIVE_OPTIONS)),
  } satisfies QueueAdmin);
}

/**
 * Returns the service's limit of deliveries for a number of attempts. Brokers also count hand-overs for which
 * no handler began: a drain, a lost lease, a lane behind a failing message. Twice the attempts, and at least
 * five more, leave room for them, so that the core's attempts decide and the service's limit is only a safety
 * net. If such hand-overs count, each try of a failing message also counts for its followers in the same
 * reply: the limit leaves room for a whole reply of failing messages.
 */
export function maxDeliveriesFor(
  attempts: number,
  { ordering, deliveryCount }: Pick<Capabilities, "ordering" | "deliveryCount">,
): number {
  const countsFollowers = ordering === "by-key" && deliveryCount === "approximate";
  return Math.max(attempts * (countsFollowers ? FOLLOWERS : 2), attempts + 5);
}

/** The most messages of one key in one reply of a service that counts hand-overs. */
const FOLLOWERS = 10;

async function create(
  place: Place,
  directory: Directory,
  signal: AbortSignal,
  events: EventSink,
): Promise<void> {
  const { details, target, connection } = place;
  // The configuration gives these options to all consumers of the queue, which must suit them.
  const settings = resolveOptions(place.route.consumer, details.policy);
  const hasDeadLetters =
    details.kind !== "topic" && details.kind !== "dead-letter" && settings.deadLetter !== "none";
  const misfits = [leaseMisfit(settings.leaseMs, target), hasDeadLetters && attemptsMisfit(settings, target)];
  const unmet = [
    ...unmetNeeds(details, target, connection.adapter.name),
    ...misfits.filter((misfit) => misfit instanceof QueueError),
  ];
  if (unmet.length > 0) throw combineErrors(unmet, "needs that cannot be met");
  await createTopicOf(details, directory, signal);
  const deadLetter = hasDeadLetters ? deadLetterTarget(place, undefined) : undefined;
  const call = async (of: Target, options: CreateOptions): Promise<void> => {
    const left = await administrate(
      connection,
      of,
      signal,
      async (admin) => await admin.create(of, options, signal),
    );
    for (const text of left ?? []) events.emit("notice", { target: of.name, text });
  };
  if (deadLetter !== undefined) await call(deadLetter, {});
  await call(target, details.kind === "topic" ? {} : optionsOf(settings, target, deadLetter));
}

/** The service would dead-letter before the attempts are made; the room above them may be cut (decision 66). */
function attemptsMisfit({ attempts }: ConsumerSettings, { limits, name }: Target): QueueError | undefined {
  const { maxDeliveries = Infinity } = limits;
  if (attempts === Infinity || attempts <= maxDeliveries) return undefined;
  return new QueueError("INVALID_ARGUMENT", {
    what: `${attempts} attempts, but the service dead-letters after ${maxDeliveries} deliveries at most`,
    remedy: `Use at most ${maxDeliveries} attempts, or "unlimited".`,
    target: name,
    operation: "admin",
  });
}

/** With unlimited attempts no dead letters are connected: the service would otherwise limit the attempts. */
function optionsOf(
  { attempts, leaseMs = DEFAULTS.leaseMs }: ConsumerSettings,
  { capabilities, limits }: Target,
  deadLetter: Target | undefined,
): CreateOptions {
  if (deadLetter === undefined || attempts === Infinity) return { leaseMs };
  const maxDeliveries = Math.min(maxDeliveriesFor(attempts, capabilities), limits.maxDeliveries ?? Infinity);
  return { leaseMs, deadLetter, maxDeliveries };
}

/** Creates the topic of a subscription. Without topics, the subscription is a queue, which needs none. */
async function createTopicOf(
  details: DefinitionDetails,
  directory: Directory,
  signal: AbortSignal,
): Promise<void> {
  if (details.kind !== "subscription" || details.topic === undefined) return;
  const topic: DefinitionDetails = { ...details, kind: "topic", name: details.topic };
  const { topic: _, ...bare } = topic;
  try {
    const { connection, target } = directory.find(bare);
    await administrate(connection, target, signal, async (admin) => await admin.create(target, {}, signal));
  } catch (error) {
    if (!isQueueError(error, "UNSUPPORTED")) throw error;
  }
}

function noSeek({ name }: Target): QueueError {
  return unsupported("seek", {
    what: "the service cannot seek",
    remedy: "Send the messages again; only Pub/Sub keeps what was acknowledged.",
    target: name,
    operation: "admin",
  });
}

async function inspect(place: Place, directory: Directory, signal: AbortSignal): Promise<QueueCounts> {
  const { connection } = place;
  const target = await entityOf(place, directory, signal);
  const count = async (of: Target): Promise<EntityCounts> =>
    await administrate(connection, of, signal, async (admin) => await admin.inspect(of, signal));
  const counts = await count(target);
  if (place.details.kind === "dead-letter" || place.route.deadLetter === undefined) return counts;
  const dead = await deadCounts(place, count, signal);
  return {
    ...counts,
    ...(dead?.ready === undefined ? {} : { deadLettered: dead.ready }),
    approximate: counts.approximate || dead?.approximate === true,
  };
}

async function deadCounts(
  place: Place,
  count: (of: Target) => Promise<EntityCounts>,
  signal: AbortSignal,
): Promise<EntityCounts | undefined> {
  const probed = await probe(place, place.target, signal);
  try {
    return await count(deadLetterTarget(place, probed?.facts));
  } catch (error) {
    if (isQueueError(error, "NOT_FOUND") || isQueueError(error, "ACCESS_DENIED")) return undefined;
    throw error;
  }
}

async function entityOf(place: Place, directory: Directory, signal: AbortSignal): Promise<Target> {
  return place.details.kind === "dead-letter"
    ? await locateDeadLetters(place, directory, signal)
    : place.target;
}

async function administrate<T>(
  connection: Connection,
  target: Pick<Target, "name">,
  signal: AbortSignal,
  act: (admin: AdminDriver) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw aborted(signal, target);
  const call = async (): Promise<T> => await act(await connection.admin());
  try {
    return await orAborted(call(), signal, () => {
      throw aborted(signal, target);
    });
  } catch (error) {
    if (signal.aborted) throw aborted(signal, target);
    throw wrapDriverError(connection.adapter, target, "admin", error);
  }
}
