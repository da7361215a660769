const MANAGEMENT_TAIL = /\/\$management$/i;

/** What the address of a link stands for. */
export type Address =
  | { readonly kind: "cbs" }
  | { readonly kind: "management"; readonly path: string }
  | { readonly kind: "entity"; readonly path: string };

/** Some clients write a whole URL with scheme and host instead of a path (uamqp, 2026-11-24). */
export function parseAddress(address: string): Address {
  const path = pathOf(address);
  if (path.toLowerCase() === "$cbs") return { kind: "cbs" };
  if (MANAGEMENT_TAIL.test(path)) return { kind: "management", path: path.replace(MANAGEMENT_TAIL, "") };
  return { kind: "entity", path };
}

/** Returns the path of an address or of a token's audience. */
export function pathOf(address: string): string {
  const withoutHost = address.replace(/^[a-z]+:\/\/[^/]*/i, "");
  const path = withoutHost === address ? address : decode(withoutHost);
  return path.replaceAll(/^\/+|\/+$/g, "");
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
