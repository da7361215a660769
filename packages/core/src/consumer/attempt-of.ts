import type { Delivery } from "../driver/delivery.ts";
import { RESERVED } from "../message/attributes.ts";

/** Which attempt a delivery is, from 1: the service's count, and that of the copies before it. */
export function attemptOf({
  deliveryCount,
  attributes,
}: Pick<Delivery<unknown>, "deliveryCount" | "attributes">): number {
  const earlier = Number(attributes[RESERVED.attempts] ?? 0);
  return (deliveryCount ?? 1) + (Number.isSafeInteger(earlier) && earlier > 0 ? earlier : 0);
}
