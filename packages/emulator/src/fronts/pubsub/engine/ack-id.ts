import { createHash } from "node:crypto";

/** The meaning of an ack id: one delivery of one message of one subscription. */
export interface AckReference {
  readonly messageNumber: number;
  /** Number of the delivery, by which an ack id of an earlier delivery is recognised as outdated. */
  readonly lease: number;
}

/**
 * Creates and reads the ack ids of one subscription.
 *
 * They are as long as the service's (some 180 characters), because clients split their requests by size. With
 * short ids, a test would never see a second request.
 */
export class AckIds {
  readonly #seal: string;

  constructor(subscription: string, serial: number) {
    const digest = createHash("sha512").update(`${serial} ${subscription}`);
    const half = digest.digest("base64url");
    this.#seal = `.${serial.toString(36)}.${half}${half.slice(0, 76)}`;
  }

  make(messageNumber: number, lease: number): string {
    return `${messageNumber.toString(36)}-${lease.toString(36)}${this.#seal}`;
  }

  /** Returns undefined if the id is well formed but of another subscription. */
  read(ackId: string): AckReference | undefined {
    if (!ackId.endsWith(this.#seal)) return undefined;
    const dash = ackId.indexOf("-");
    return {
      messageNumber: Number.parseInt(ackId.slice(0, dash), 36),
      lease: Number.parseInt(ackId.slice(dash + 1, ackId.length - this.#seal.length), 36),
    };
  }
}

const ACK_ID = /^[0-9a-z]+-[0-9a-z]+\.[0-9a-z]+\.[\w-]{162}$/;

/** Returns true for anything that some subscription may have handed out. */
export function isAckId(text: string): boolean {
  return ACK_ID.test(text);
}
