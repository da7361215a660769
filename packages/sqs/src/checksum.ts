import type * as Crypto from "node:crypto";

// Not imported to run: `node:crypto` would be half of what this package takes to load.
let crypto: typeof Crypto | undefined;

/** MD5 of a body as SQS reports it; undefined where this Node has no MD5 (FIPS). */
function md5OfBody(text: string): string | undefined {
  crypto ??= process.getBuiltinModule("node:crypto");
  try {
    return crypto.hash("md5", text);
  } catch {
    return undefined;
  }
}

/** False only if both digests are known and differ. */
export function isIntact(text: string, reported: string | undefined): boolean {
  if (reported === undefined) return true;
  const own = md5OfBody(text);
  return own === undefined || own === reported.toLowerCase();
}

/** A body that is not the one that was sent. The SDK's own check would lose the whole batch for one message. */
export class ChecksumError extends Error {
  override readonly name = "ChecksumError";
}
