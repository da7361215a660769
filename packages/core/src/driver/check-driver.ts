import { BrokenRule } from "../errors/broken-rule.ts";
import { asRecord, isRecord, kindOf } from "../errors/check-options.ts";
import { unheard } from "../errors/unheard.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import type { ConsumerDriver, ProducerDriver, QueueAdapter } from "./driver.ts";
import type { EntityRef, ProbeResult, Target } from "./entity.ts";

/**
 * Resolves a reference, and checks what the engine would otherwise wait for for ever.
 * @throws what `resolve` throws, and INTERNAL if the target cannot be used
 */
export function resolveTarget(adapter: QueueAdapter, ref: EntityRef): Target {
  try {
    const target = unheard(adapter.resolve(ref));
    if (!isRecord(target)) throw new BrokenRule("D13", `resolve gave ${kindOf(target)} instead of a target`);
    for (const name of ["name", "entity"] as const)
      if (typeof target[name] !== "string")
        throw new BrokenRule("D13", `the ${name} of a target is ${kindOf(target[name])}`);
    checkTarget(target);
    return target;
  } catch (error) {
    throw wrapDriverError(adapter, { name: ref.name }, "open", error);
  }
}

/** Rule D4: capabilities and limits are data. @throws BrokenRule for limits with which nothing would move */
export function checkTarget({ capabilities, limits }: Target): void {
  if (!isRecord(capabilities)) throw new BrokenRule("D4", `the capabilities are ${kindOf(capabilities)}`);
  const { maxMessageBytes, receive, send, ack, release, extend, deadLetter } = asRecord(limits);
  checkCount("maxMessageBytes", maxMessageBytes);
  checkCounts("receive", receive, ["maxItems", "parallel"]);
  checkCounts("send", send, ["maxItems", "maxInFlight", "maxBytes"]);
  for (const [name, bounds] of Object.entries({ ack, release, extend, deadLetter }))
    checkCounts(name, bounds, ["maxItems", "maxInFlight"]);
}

/** Undefined: there is no probe, or it was given up. @throws BrokenRule */
export function checkedProbe(probed: ProbeResult | undefined): ProbeResult | undefined {
  if (probed === undefined) return undefined;
  if (!Array.isArray(asRecord(asRecord(probed)["facts"])["unknown"]))
    throw new BrokenRule("D13", "probe gave no facts.unknown, a list of what it could not find out");
  return probed;
}

/** @throws BrokenRule */
export function checkedProducer(driver: ProducerDriver): ProducerDriver {
  return checkMethods("openProducer", unheard(driver), ["sizeOf", "sendBatch", "close"]);
}

/** @throws BrokenRule */
export function checkedConsumer(driver: ConsumerDriver<unknown>): ConsumerDriver<unknown> {
  return checkMethods("openConsumer", unheard(driver), ["receiveBatch", "ackBatch", "releaseBatch", "close"]);
}

function checkMethods<Driver extends object>(
  opener: string,
  driver: Driver,
  names: readonly (keyof Driver & string)[],
): Driver {
  const missing = isRecord(driver) ? names.find((name) => typeof driver[name] !== "function") : "driver";
  if (missing !== undefined) throw new BrokenRule("D4", `${opener} gave no ${missing}`);
  return driver;
}

function checkCounts(name: string, bounds: unknown, counts: readonly string[]): void {
  for (const count of counts) checkCount(`${name}.${count}`, asRecord(bounds)[count]);
}

function checkCount(name: string, count: unknown): void {
  if (typeof count !== "number" || !(count >= 1))
    throw new BrokenRule("D4", `limits.${name} must be 1 or more, got ${String(count)}`);
}
