import assert from "node:assert/strict";

/**
 * Asserts that a receipt and a delivery are of one message. A service that tells no identity at sending leaves the
 * application's id in its place.
 */
export function assertIdentity(
  sent: { readonly id: string; readonly providerId: string } | undefined,
  message: { readonly id: string; readonly providerId: string } | undefined,
): void {
  assert.ok(sent !== undefined && message !== undefined, "a receipt and a delivery");
  if (sent.providerId === sent.id) assert.equal(message.id, sent.id, "application id of both");
  else assert.equal(message.providerId, sent.providerId, "provider id of both");
}
