import { canCopyRetries } from "../consumer/retry-copy.ts";
import type { Delivery } from "../driver/delivery.ts";
import { countProblems, functionProblems, kindOf, refuseProblems } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { unheard } from "../errors/unheard.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import { rawMessage } from "../message/decode-message.ts";
import { orAborted } from "../time/or-aborted.ts";
import { aborted } from "./aborted.ts";
import type { RedriveOptions } from "./client-types.ts";
import { locateDeadLetters, type Directory, type Place } from "./directory.ts";
import { RedrivePump } from "./redrive-pump.ts";

/** Moves dead letters back to their source. The service does it if all are to be moved and it can. */
export async function* redrive(
  place: Place,
  directory: Directory,
  options: RedriveOptions,
  signal: AbortSignal,
): AsyncGenerator<{ readonly moved: number }> {
  const { max = Infinity, filter } = options;
  checkChoice(max, filter);
  const source = directory.find(place.details.of ?? place.details);
  const { adapter } = source.connection;
  const from = await locateDeadLetters(place, directory, signal);
  try {
    signal.throwIfAborted();
    const loaded = adapter.admin === undefined ? undefined : source.connection.admin();
    const admin =
      loaded &&
      (await orAborted(loaded, signal, () => {
        throw aborted(signal, from);
      }));
    const isAll = max === Infinity && filter === undefined;
    if (isAll && !isMarked(source) && admin?.redrive !== undefined) {
      const moves = admin.redrive(from, source.target, signal);
      const cannot = (error: unknown): boolean =>
        wrapDriverError(adapter, from, "admin", error).code === "UNSUPPORTED";
      if (yield* movedByService(moves, cannot)) return;
    }
    const pump = new RedrivePump(source, from, admin, filter !== undefined);
    try {
      yield* pump.run(max, (delivery) => filter === undefined || isChosen(filter, delivery), signal);
    } finally {
      await pump.close();
    }
  } catch (error) {
    throw signal.aborted ? aborted(signal, from) : wrapDriverError(adapter, from, "admin", error);
  }
}

/**
 * True if messages carry what the service would leave on them: an emulated ttl, by which consumers would drop
 * what comes back, or the attempts of earlier copies.
 */
function isMarked({ details, target }: Place): boolean {
  return (details.emulate.includes("ttl") && !target.capabilities.ttl) || canCopyRetries(details, target);
}

/** Returns false if the service cannot move these messages, and has moved none. */
async function* movedByService(
  moves: AsyncIterable<{ readonly moved: number }>,
  cannot: (error: unknown) => boolean,
): AsyncGenerator<{ readonly moved: number }, boolean> {
  let hasBegun = false;
  try {
    for await (const progress of moves) {
      hasBegun = true;
      yield progress;
    }
  } catch (error) {
    if (hasBegun || !cannot(error)) throw error;
    return false;
  }
  return true;
}

function checkChoice(max: number, filter: unknown): void {
  refuseProblems([
    ...(max === Infinity ? [] : countProblems(max, "redrive.max")),
    ...(filter === undefined ? [] : functionProblems(filter, "redrive.filter")),
  ]);
}

/** Refuses a promise, which would count as true and move everything. */
function isChosen(filter: NonNullable<RedriveOptions["filter"]>, delivery: Delivery<unknown>): boolean {
  let chosen: unknown;
  try {
    chosen = unheard(filter(rawMessage(delivery)));
  } catch (cause) {
    throw new QueueError("INVALID_ARGUMENT", { what: "redrive.filter threw", operation: "admin", cause });
  }
  if (typeof chosen !== "boolean")
    refuseProblems([`redrive.filter: expected true or false, got ${kindOf(chosen)}`]);
  return chosen === true;
}
