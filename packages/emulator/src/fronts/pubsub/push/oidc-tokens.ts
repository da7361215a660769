import { generateKeyPair, sign, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

/** Public half of the key that signs push tokens, in the two formats that verifiers accept. */
export interface PushSigningKeys {
  /** A JSON Web Key Set. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  /** PEM by key id, the format in which google-auth-library takes certificates. */
  readonly pems: Readonly<Record<string, string>>;
}

/** Issuer and audience of a push token. */
export interface PushTokenClaims {
  /** Service account of the push subscription. */
  readonly email: string;
  /** Audience that the endpoint expects. */
  readonly audience: string;
}

/** The same claims with the time of issue. */
export interface TokenClaims extends PushTokenClaims {
  /** Seconds since the epoch, in the clients' time. */
  readonly issuedAt: number;
}

const OIDC_ISSUER = "https://accounts.google.com";

const KEY_ID = "anyqueue-push";
const RSA_BITS = 2048;
const LIFE_SECONDS = 3600;

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Signs the tokens of push requests with its own key, created when the first token is needed. */
export class OidcTokens {
  #pair: Promise<KeyPair> | undefined;

  async sign({ email, audience, issuedAt }: TokenClaims): Promise<string> {
    const { privateKey } = await this.#keyPair();
    const header = encode({ alg: "RS256", kid: KEY_ID, typ: "JWT" });
    const claims = encode({
      aud: audience,
      azp: email,
      email,
      email_verified: true,
      exp: issuedAt + LIFE_SECONDS,
      iat: issuedAt,
      iss: OIDC_ISSUER,
      sub: email,
    });
    const signature = sign("RSA-SHA256", Buffer.from(`${header}.${claims}`), privateKey);
    return `${header}.${claims}.${signature.toString("base64url")}`;
  }

  async keys(): Promise<PushSigningKeys> {
    const { publicKey } = await this.#keyPair();
    const jwk = { ...publicKey.export({ format: "jwk" }), kid: KEY_ID, use: "sig", alg: "RS256" };
    const pem = publicKey.export({ format: "pem", type: "spki" }).toString();
    return { jwks: { keys: [jwk] }, pems: { [KEY_ID]: pem } };
  }

  #keyPair(): Promise<KeyPair> {
    this.#pair ??= promisify(generateKeyPair)("rsa", { modulusLength: RSA_BITS });
    return this.#pair;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
