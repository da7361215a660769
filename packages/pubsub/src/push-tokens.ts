import { generateKeyPairSync, randomUUID, sign, type KeyObject } from "node:crypto";
import { systemClock, type Clock } from "@anyqueue/core/adapter";
import type { JsonWebKeySet } from "./google-keys.ts";

/** The claims of a token. */
export interface PushTokenClaims {
  /** Audience (`aud`). */
  readonly audience: string;
  /** E-mail address of the account that the token was made for (`email`). */
  readonly serviceAccount: string;
  /** Issuer (`iss`). @default "https://accounts.google.com" */
  readonly issuer?: string | undefined;
  /** When the token was made (`iat`). @default now */
  readonly issuedAt?: Date | undefined;
  /** When the token expires (`exp`). @default an hour after it was made */
  readonly expiresAt?: Date | undefined;
  /** Whether the account's address is verified (`email_verified`). @default true */
  readonly isEmailVerified?: boolean | undefined;
}

/** A new key, and tokens signed with it; made by {@link pushTokens}. */
export interface PushTokens {
  /** The public key, for the option `keys` of `pushRequests`. */
  readonly keys: () => JsonWebKeySet;
  /** Makes a token like those of Pub/Sub's pushes. */
  sign(claims: PushTokenClaims): string;
  /** Signs with a new key from now on, and forgets the old one. */
  rotate(): void;
}

const HOUR_SECONDS = 3_600;
const RSA_BITS = 2_048;

interface SigningKey {
  readonly id: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/**
 * Makes tokens for tests of an endpoint that checks them. `clock` dates them; pass the test's clock.
 *
 * @example
 * const tokens = pushTokens();
 * const serviceAccount = "push@my-project.iam.gserviceaccount.com";
 * const source = pushRequests({ audience: "test", serviceAccount, keys: tokens.keys });
 * const handler = createHandler(orders, source, onOrder);
 * const token = tokens.sign({ audience: "test", serviceAccount });
 * await handler(pushRequest(orders, { body: { orderId: "o-1" } }, { token }));
 */
export function pushTokens(clock: Pick<Clock, "wallNow"> = systemClock): PushTokens {
  let key = newKey();
  return {
    keys: () => ({
      keys: [{ ...key.publicKey.export({ format: "jwk" }), kid: key.id, use: "sig", alg: "RS256" }],
    }),
    sign: (claims) => signed(key, payloadOf(claims, clock.wallNow())),
    rotate: () => {
      key = newKey();
    },
  };
}

function newKey(): SigningKey {
  return { id: randomUUID(), ...generateKeyPairSync("rsa", { modulusLength: RSA_BITS }) };
}

function payloadOf(claims: PushTokenClaims, nowMs: number): object {
  const { audience, serviceAccount, issuer = "https://accounts.google.com", isEmailVerified = true } = claims;
  const issuedAt = Math.floor((claims.issuedAt?.getTime() ?? nowMs) / 1_000);
  return {
    aud: audience,
    azp: serviceAccount,
    email: serviceAccount,
    email_verified: isEmailVerified,
    exp:
      claims.expiresAt === undefined
        ? issuedAt + HOUR_SECONDS
        : Math.floor(claims.expiresAt.getTime() / 1_000),
    iat: issuedAt,
    iss: issuer,
    sub: serviceAccount,
  };
}

function signed({ id, privateKey }: SigningKey, payload: object): string {
  const [header, content] = [{ alg: "RS256", kid: id, typ: "JWT" }, payload].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const signature = sign("RSA-SHA256", Buffer.from(`${header}.${content}`), privateKey);
  return `${header}.${content}.${signature.toString("base64url")}`;
}
