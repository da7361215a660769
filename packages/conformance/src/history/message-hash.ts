import { createHash } from "node:crypto";

/** The core's own attributes, which a dead letter has more of than its message had. */
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

/** Short for what a service calls a hand-over, the same in every process. */
export function leaseHash(lease: string): string {
  return createHash("sha256").update(lease).digest("hex").slice(0, 16);
}
