import assert from "node:assert/strict";
import { inspect } from "node:util";
import { isQueueError, type ErrorCode, type QueueError } from "@anyqueue/core";

/** Asserts that a promise rejects with one of our errors and this code; returns the error. */
export async function rejection(
  promise: PromiseLike<unknown>,
  ...codes: readonly ErrorCode[]
): Promise<QueueError> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return expectCode(error, codes);
  }
  return assert.fail(`expected ${codes.join(" or ")}, but it resolved with ${describe(value)}`);
}

/** Asserts that a call throws one of our errors with this code; returns the error. */
export function thrown(call: () => unknown, ...codes: readonly ErrorCode[]): QueueError {
  let value: unknown;
  try {
    value = call();
  } catch (error) {
    return expectCode(error, codes);
  }
  return assert.fail(`expected ${codes.join(" or ")}, but it returned ${describe(value)}`);
}

function expectCode(error: unknown, codes: readonly ErrorCode[]): QueueError {
  if (!isQueueError(error)) return assert.fail(`expected ${codes.join(" or ")}, got ${describe(error)}`);
  assert.ok(codes.includes(error.code), `expected ${codes.join(" or ")}, got ${error.message}`);
  return error;
}

function describe(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return inspect(value, { depth: 1 });
}
