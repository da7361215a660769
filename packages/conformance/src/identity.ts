import assert from "node:assert/strict";

/**
 * Asserts that a receipt and a delivery belong to one message. If the service returns no identity for a send,
 * the receipt has the application's id.
 */
export function assertIdentity(
  sent: { readonly id: string; readonly providerId: string } | undefined,
  message: { readonly id: string; readonly providerId: string } | undefined,
): void {
  assert.ok(sent !== undefined && message !== undefined, "a receipt and a delivery");
  if (sent.providerId === sent.id) assert.equal(message.id, sent.id, "application id of both");
  else assert.equal(message.providerId, sent.providerId, "provider id of both");
}
