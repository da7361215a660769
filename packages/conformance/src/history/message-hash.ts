import { createHash } from "node:crypto";

/** The core's own attributes: a dead letter has more of them than its message had. */
const RESERVED_PREFIX = "aq-";

/** Digest of what an application sent: the encoded body and its own attributes, in any order. */
export function messageHash(body: Uint8Array, attributes: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256").update(body);
  const own = Object.entries(attributes).filter(([name]) => !name.startsWith(RESERVED_PREFIX));
  for (const [name, value] of own.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([name, value]));
  }
  return hash.digest("hex").slice(0, 16);
}

/** A short form of the service's name for a hand-over, the same in every process. */
export function leaseHash(lease: string): string {
  return createHash("sha256").update(lease).digest("hex").slice(0, 16);
}
