/**
 * Converts a lock token to a delivery tag: a GUID in .NET's layout, with its first three groups in
 * little-endian order. Clients swap them back and then use the canonical text.
 */
export function tagOfLockToken(lockToken: string): Buffer {
  const tag = Buffer.from(lockToken.replaceAll("-", ""), "hex");
  tag.subarray(0, 4).reverse();
  tag.subarray(4, 6).reverse();
  tag.subarray(6, 8).reverse();
  return tag;
}

/** The inverse. */
export function lockTokenOfTag(tag: Buffer): string {
  return tagOfLockToken(tag.toString("hex"))
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
