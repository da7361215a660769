/**
 * The delivery tag of a lock token: a GUID as .NET lays it out, with its first three groups in
 * little-endian order. Clients swap them back and use the canonical text from then on.
 */
export function tagOfLockToken(lockToken: string): Buffer {
  const tag = Buffer.from(lockToken.replaceAll("-", ""), "hex");
  tag.subarray(0, 4).reverse();
  tag.subarray(4, 6).reverse();
  tag.subarray(6, 8).reverse();
  return tag;
}

/** The other way round. */
export function lockTokenOfTag(tag: Buffer): string {
  return tagOfLockToken(tag.toString("hex"))
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
