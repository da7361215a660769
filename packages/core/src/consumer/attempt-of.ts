import type { Delivery } from "../driver/delivery.ts";
import { RESERVED } from "../message/attributes.ts";

/** Attempt number of a delivery, from 1: the service's count plus the attempts of earlier copies. */
export function attemptOf({
  deliveryCount,
  attributes,
}: Pick<Delivery<unknown>, "deliveryCount" | "attributes">): number {
  const earlier = Number(attributes[RESERVED.attempts] ?? 0);
  return (deliveryCount ?? 1) + (Number.isSafeInteger(earlier) && earlier > 0 ? earlier : 0);
}
