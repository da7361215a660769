import assert from "node:assert/strict";

/**
 * Asserts that a receipt and a delivery belong to one message. If the service returns no identity for a send,
 * the receipt has the application's id.
 */
export function assertIdentity(
  sent: { readonly id: string; readonly providerId: string } | undefined,
  message: { readonly id: string; readonly providerId: string } | undefined,
): void {
  assert.ok(sent !== undefined && message !== undefined, "there are a receipt and a delivery of the message");
  if (sent.providerId === sent.id)
    assert.equal(
      message.id,
      sent.id,
      "the receipt's providerId is its id, so that the delivery must have that id",
    );
  else
    assert.equal(
      message.providerId,
      sent.providerId,
      "the delivery has the providerId of the receipt: results may have been mixed up",
    );
}
