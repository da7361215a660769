import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";

/** A dead letter, and the message that brings it back. */
export interface RedriveCopy {
  readonly delivery: Delivery<unknown>;
  readonly message: OutgoingMessage;
}

/**
 * Takes at most `most` requests that may be on their way at the same time: no two have the same key, so that a key
 * stays in order, also if one of them fails.
 * @param fitting counts how many of the first copies one request takes, at least one
 */
export function takeRequests(
  copies: readonly RedriveCopy[],
  most: number,
  fitting: (copies: readonly RedriveCopy[]) => number,
): readonly [requests: readonly (readonly RedriveCopy[])[], later: readonly RedriveCopy[]] {
  const requests: (readonly RedriveCopy[])[] = [];
  const later: RedriveCopy[] = [];
  let left = copies;
  while (left.length > 0 && requests.length < most) {
    const request = left.slice(0, fitting(left));
    requests.push(request);
    const keys = new Set(request.flatMap(({ message }) => message.orderingKey ?? []));
    const others: RedriveCopy[] = [];
    for (const copy of left.slice(request.length))
      (keys.has(copy.message.orderingKey ?? "") ? later : others).push(copy);
    left = others;
  }
  return [requests, [...later, ...left]];
}

/** Splits items into parts of at most `size`. */
export function inParts<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
