import type { hash as Hash } from "node:crypto";

// Not imported: `node:crypto` would take half of this package's load time. Looked up once: that costs, too.
let hash: typeof Hash | undefined;

/** MD5 of a body as SQS reports it; undefined where this Node has no MD5 (FIPS). */
function md5OfBody(text: string): string | undefined {
  hash ??= process.getBuiltinModule("node:crypto").hash;
  try {
    return hash("md5", text);
  } catch {
    return undefined;
  }
}

/** Returns false only if both digests are known and differ. */
export function isIntact(text: string, reported: string | undefined): boolean {
  if (reported === undefined) return true;
  const own = md5OfBody(text);
  return own === undefined || own === reported.toLowerCase();
}

/** A body differs from the one sent. The SDK's own check would lose the whole batch for one such message. */
export class ChecksumError extends Error {
  override readonly name = "ChecksumError";
}
