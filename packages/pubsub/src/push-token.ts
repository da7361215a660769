import { QueueError, type Clock } from "@anyqueue/core/adapter";
import { SIGNATURE, type PublicKeys } from "./google-keys.ts";

// https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions#jwt_format (2026-11-29)

/** What a push must prove. */
export interface TokenRules {
  readonly audiences: readonly string[];
  /** Undefined: any account. */
  readonly serviceAccounts: readonly string[] | undefined;
  readonly keys: PublicKeys;
  readonly clock: Pick<Clock, "wallNow">;
}

const ISSUERS: readonly unknown[] = ["https://accounts.google.com", "accounts.google.com"];
/** Largest accepted difference between Google's clocks and ours. */
const CLOCK_SKEW_SECONDS = 60;
const BEARER = /^bearer +([\w-]+)\.([\w-]+)\.([\w-]+)$/i;
/** Cloud Run writes this in place of the signature of a token that it has checked itself. */
const REMOVED_SIGNATURE = "SIGNATURE_REMOVED_BY_GOOGLE";

/**
 * Checks the token of a push: signature, issuer, audience, times, account.
 * @throws UNAUTHENTICATED for a token that proves nothing, ACCESS_DENIED for one of another account,
 * UNAVAILABLE if the keys cannot be read
 */
export async function verifyToken(authorization: string | undefined, rules: TokenRules): Promise<void> {
  if (authorization === undefined) throw unproved("the request has no token", NEEDS_AUTHENTICATION);
  const [, header = "", payload = "", signature = ""] = BEARER.exec(authorization) ?? [];
  if (signature === "") throw unproved("the authorization header is not a bearer token in JWT form");
  if (signature === REMOVED_SIGNATURE) throw unproved("Cloud Run has removed the token's signature", USE_IAM);
  const { alg, kid, crit } = readPart(header, "header");
  // The key decides the algorithm, never the token: Google signs only with RS256.
  if (alg !== "RS256" || crit !== undefined) throw unproved("the token is not signed with RS256");
  const key = typeof kid === "string" ? await rules.keys.find(kid) : undefined;
  if (key === undefined) throw unproved("the token is signed with a key that is not Google's");
  const signed = Buffer.from(`${header}.${payload}`);
  const bytes = Buffer.from(signature, "base64url");
  if (!(await crypto.subtle.verify(SIGNATURE, key, bytes, signed)))
    throw unproved("the token's signature is wrong");
  checkClaims(readPart(payload, "payload"), rules);
}

function checkClaims(claims: Readonly<Record<string, unknown>>, rules: TokenRules): void {
  const { iss, aud, exp, iat, nbf, email, email_verified: isVerified } = claims;
  const nowSeconds = rules.clock.wallNow() / 1_000;
  if (!ISSUERS.includes(iss)) throw unproved("the token was not issued by Google");
  if (typeof exp !== "number" || exp <= nowSeconds - CLOCK_SKEW_SECONDS)
    throw unproved("the token has expired");
  for (const begin of [iat, nbf]) {
    const isBegun =
      begin === undefined || (typeof begin === "number" && begin <= nowSeconds + CLOCK_SKEW_SECONDS);
    if (!isBegun) throw unproved("the token is not valid yet", "Set the clock of this machine.");
  }
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audiences.some((audience) => rules.audiences.includes(audience as string)))
    throw unproved("the token is for another audience", "Compare `audience` with the subscription's.");
  if (rules.serviceAccounts === undefined) return;
  if (typeof email === "string" && isVerified === true && rules.serviceAccounts.includes(email)) return;
  throw new QueueError("ACCESS_DENIED", {
    what: "the token is genuine, but of another account than `serviceAccount`",
    remedy: "Compare it with the service account of the subscription's push authentication.",
    provider: "pubsub",
  });
}

function readPart(part: string, name: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
  } catch {
    // Reported below.
  }
  throw unproved(`the token's ${name} is not a JSON object`);
}

const NEEDS_AUTHENTICATION =
  "Give the subscription a push service account (--push-auth-service-account); all other callers are refused.";
const USE_IAM =
  "Cloud Run has checked the token already: set trustPlatform: true, or let everybody call the service.";

/** Nothing of the token is shown: it is a secret until it expires. */
function unproved(what: string, remedy = "Whoever sent it is not this endpoint's subscription."): QueueError {
  return new QueueError("UNAUTHENTICATED", { what, remedy, provider: "pubsub" });
}
