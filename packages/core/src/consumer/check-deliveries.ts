import type { Delivery } from "../driver/delivery.ts";
import { BrokenRule } from "../errors/broken-rule.ts";
import { isRecord, kindOf } from "../errors/check-options.ts";

/** What a driver brought. */
export interface Brought {
  /** The deliveries that can be taken in hand. */
  readonly deliveries: readonly Delivery<unknown>[];
  /** What is wrong with the others. They come again when their leases end. */
  readonly fault: BrokenRule | undefined;
}

/**
 * Separates what is no delivery. In hand, it could never be settled (a lease of NaN), or it would be taken
 * for another message (no `providerId`) and acked without a handler.
 */
export function sorted(brought: readonly Delivery<unknown>[] | undefined): Brought {
  if (!Array.isArray(brought)) {
    const fault = new BrokenRule("D1", `${kindOf(brought)} came instead of a list of deliveries`);
    return { deliveries: [], fault };
  }
  for (let index = 0; index < brought.length; index += 1) {
    const fault = faultOf(brought[index]);
    if (fault !== undefined)
      return { deliveries: brought.filter((delivery) => faultOf(delivery) === undefined), fault };
  }
  return { deliveries: brought, fault: undefined };
}

/** A worker takes more than it asked for: that is no loss, only memory. */
export function surplusText(brought: number, asked: number): string {
  return `the adapter broke rule D1 of the driver contract: ${brought} deliveries for an ask of ${asked}`;
}

/** For every message: no allocation, and no getter that would decode the body. */
function faultOf(delivery: unknown): BrokenRule | undefined {
  if (!isRecord(delivery)) return new BrokenRule("D1", `a delivery is ${kindOf(delivery)}`);
  const { id, providerId, leaseMs } = delivery;
  if (typeof providerId !== "string" || providerId === "")
    return new BrokenRule("D5", `the providerId of a delivery is ${emptyOr(providerId)}`);
  if (typeof id !== "string") return new BrokenRule("D5", `the id of a delivery is ${kindOf(id)}`);
  if (leaseMs !== undefined && (typeof leaseMs !== "number" || Number.isNaN(leaseMs)))
    return new BrokenRule("D14", `the leaseMs of a delivery is ${emptyOr(leaseMs)}`);
  if (!isRecord(delivery["attributes"]))
    return new BrokenRule("D10", `the attributes of a delivery are ${kindOf(delivery["attributes"])}`);
  return undefined;
}

function emptyOr(value: unknown): string {
  if (typeof value === "number" && Number.isNaN(value)) return "NaN";
  return value === "" ? "empty" : kindOf(value);
}
