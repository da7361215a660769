import { createHmac, timingSafeEqual } from "node:crypto";

/** The shared access policy of the emulator's namespace, contained in every connection string. */
export const NAMESPACE_KEY = { name: "RootManageSharedAccessKey", key: "anyqueue" } as const;

/** Why a token does not grant access. */
export interface TokenRefusal {
  /** The service's own code: `40103` for a wrong signature. */
  readonly subCode: string;
  readonly description: string;
}

/** Returns undefined if the token is good. `audience` is an entity's address, with or without a scheme. */
export type TokenCheck = (token: string, audience: string) => TokenRefusal | undefined;

const SAS_PREFIX = "SharedAccessSignature ";
const BEARER_PREFIX = "Bearer ";

/**
 * Checks key name, signature, expiry and scope of a shared access signature. Of any other token it checks
 * only the expiry: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas (2026-11-29).
 * `nowMs` returns the clients' time, which tokens use.
 */
export function checkTokenWith(nowMs: () => number): TokenCheck {
  return (token, audience) => {
    if (token === "") return refusal("40100", "The token is missing.");
    if (!token.startsWith(SAS_PREFIX)) return checkBearer(token.replace(BEARER_PREFIX, ""), nowMs());
    const fields = fieldsOf(token.slice(SAS_PREFIX.length));
    const { sr, sig, se, skn } = Object.fromEntries(fields);
    if (sr === undefined || sig === undefined || se === undefined || skn === undefined)
      return refusal("40104", "The token must have sr, sig, se and skn.");
    if (decode(skn) !== NAMESPACE_KEY.name)
      return refusal("40103", `Invalid authorization token signature: no policy is called '${decode(skn)}'.`);
    if (!isSignedWith(NAMESPACE_KEY.key, `${sr}\n${se}`, decode(sig)))
      return refusal("40103", "Invalid authorization token signature.");
    if (!(Number(se) * 1000 > nowMs())) return refusal("40102", "ExpiredToken: the token has expired.");
    if (!covers(decode(sr), audience))
      return refusal("40101", `InvalidAudience: the token is for '${decode(sr)}'.`);
    return undefined;
  };
}

function refusal(subCode: string, description: string): TokenRefusal {
  return { subCode, description };
}

/** Splits at the first `=`, because signatures can end in more of them. */
function fieldsOf(text: string): readonly (readonly [string, string])[] {
  return text.split("&").map((pair) => {
    const at = pair.indexOf("=");
    return at === -1 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isSignedWith(key: string, text: string, signature: string): boolean {
  const expected = createHmac("sha256", key).update(text).digest();
  const given = Buffer.from(signature, "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** A token for an address grants everything below it. Hosts are ignored, because a server has many names. */
export function covers(scope: string, audience: string): boolean {
  const [wanted, granted] = [pathOf(audience), pathOf(scope)];
  return granted === "" || wanted === granted || wanted.startsWith(`${granted}/`);
}

function pathOf(address: string): string {
  const [, path = ""] = /^(?:[a-z]+:\/\/)?[^/]*\/*([^?]*)/iu.exec(address) ?? [];
  return path.replace(/\/+$/u, "").toLowerCase();
}

/** Checks only the expiry of a bearer token, because the emulator knows no issuer's keys. */
function checkBearer(token: string, nowMs: number): TokenRefusal | undefined {
  const [, payload = ""] = token.split(".");
  const expires = /"exp"\s*:\s*([0-9]+)/u.exec(Buffer.from(payload, "base64url").toString())?.[1];
  return expires !== undefined && Number(expires) * 1000 <= nowMs
    ? refusal("40102", "ExpiredToken: the token has expired.")
    : undefined;
}
