import type { webcrypto } from "node:crypto";
import { loopbackOrRefuse, orAborted, QueueError, setTimeLimit, type Clock } from "@anyqueue/core/adapter";

/** A JSON Web Key Set (RFC 7517), reduced to what is used here. */
export interface JsonWebKeySet {
  /** The keys; those that are not RSA signing keys are ignored. */
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Where public keys come from: the `https:` URL of a JWK set (`http:` on this machine only), cached as long
 * as its response allows, or a function that returns a JWK set, cached for five minutes.
 */
export type PushKeys = string | (() => JsonWebKeySet | Promise<JsonWebKeySet>);

/** Google's keys. https://accounts.google.com/.well-known/openid-configuration, jwks_uri (2026-11-29) */
export const GOOGLE_KEYS_URL = "https://www.googleapis.com/oauth2/v3/certs";

const READ_TIMEOUT_MS = 5_000;
/** For responses without max-age, and for keys from a function. */
const DEFAULT_AGE_MS = 300_000;
const MAX_AGE_MS = 86_400_000;
/** Shortest time between fetches for unknown keys: a token may name any key. */
const REFETCH_AFTER_MS = 30_000;
const MIN_RSA_BITS = 2_048;
/** The algorithm that Google signs with: RS256. */
export const SIGNATURE = Object.freeze({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" });

/** A Web Crypto key for checking signatures; Web Crypto costs nothing until it is used. */
export type PublicKey = webcrypto.CryptoKey;

interface Keys {
  readonly byId: ReadonlyMap<string, PublicKey>;
  readonly untilMs: number;
}

/** The public keys for checking tokens: fetched when needed, cached as long as their source allows. */
export class PublicKeys {
  readonly #source: PushKeys;
  readonly #clock: Clock;
  #keys: Keys | undefined;
  /** When they were last asked for, also in vain. */
  #askedAtMs = 0;
  #fetching: Promise<Keys> | undefined;

  constructor(source: PushKeys, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * @returns undefined if there is no such key
   * @throws UNAVAILABLE if the keys cannot be read
   */
  async find(id: string): Promise<PublicKey | undefined> {
    const nowMs = this.#clock.now();
    const known = this.#keys;
    const isFresh = known !== undefined && nowMs < known.untilMs;
    const found = isFresh ? known.byId.get(id) : undefined;
    if (found !== undefined || (isFresh && nowMs < this.#askedAtMs + REFETCH_AFTER_MS)) return found;
    // Keys change while old ones are still cached: an unknown key may be new.
    return (await this.#fetchOnce()).byId.get(id);
  }

  async #fetchOnce(): Promise<Keys> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return await this.#fetching;
  }

  async #fetch(): Promise<Keys> {
    this.#askedAtMs = this.#clock.now();
    try {
      const { set, ageMs } = await readKeySet(this.#source, this.#clock);
      const keys = { byId: await keysOf(set), untilMs: this.#clock.now() + ageMs };
      this.#keys = keys;
      return keys;
    } catch (error) {
      throw new QueueError("UNAVAILABLE", {
        what: "the keys for checking push tokens could not be read",
        remedy: "No push is accepted until they can be read; Pub/Sub pushes the messages again.",
        provider: "pubsub",
        cause: error,
      });
    }
  }
}

/** Returns the problems of a key source. */
export function checkKeySource(keys: unknown): string[] {
  if (keys === undefined || typeof keys === "function") return [];
  if (typeof keys !== "string" || !/^https?:\/\//.test(keys) || !URL.canParse(keys))
    return ["keys: expected the http or https URL of a JWK set, or a function"];
  try {
    loopbackOrRefuse(keys, { scheme: "pubsub", authority: "", path: "", parameters: {}, text: "keys" });
    return [];
  } catch {
    return ["keys: expected https, except on this machine: whoever can change the keys can call"];
  }
}

interface ReadKeySet {
  readonly set: unknown;
  readonly ageMs: number;
}

async function readKeySet(source: PushKeys, clock: Clock): Promise<ReadKeySet> {
  const timeout = new AbortController();
  const { signal } = timeout;
  const timer = setTimeLimit(
    clock,
    () => timeout.abort(new Error("no answer in time")),
    READ_TIMEOUT_MS,
    true,
  );
  const read = async (): Promise<ReadKeySet> =>
    typeof source === "string"
      ? await fetchKeySet(source, signal)
      : { set: await source(), ageMs: DEFAULT_AGE_MS };
  try {
    return await orAborted(read(), signal, () => {
      throw signal.reason;
    });
  } finally {
    timer.cancel();
  }
}

async function fetchKeySet(url: string, signal: AbortSignal): Promise<ReadKeySet> {
  const response = await fetch(url, { signal, redirect: "error" });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return { set: await response.json(), ageMs: ageOf(response.headers) };
}

/** How long a response may be cached, in milliseconds. */
function ageOf(headers: Headers): number {
  const [, maxAge] = /(?:^|[\s,])max-age=(\d+)/i.exec(headers.get("cache-control") ?? "") ?? [];
  if (maxAge === undefined) return DEFAULT_AGE_MS;
  const age = Number(headers.get("age") ?? 0);
  const leftMs = (Number(maxAge) - (Number.isFinite(age) ? age : 0)) * 1_000;
  return Math.min(Math.max(leftMs, 0), MAX_AGE_MS);
}

/** @throws if it is not a key set; keys of other kinds are ignored */
async function keysOf(set: unknown): Promise<ReadonlyMap<string, PublicKey>> {
  const list: unknown = isRecord(set) ? set["keys"] : undefined;
  if (!Array.isArray(list)) throw new Error("the answer is not a JWK set");
  const keys = await Promise.all(
    list.map(async (jwk: unknown) => (isRecord(jwk) ? await signingKey(jwk) : [])),
  );
  return new Map(keys.flat());
}

async function signingKey(jwk: Readonly<Record<string, unknown>>): Promise<[string, PublicKey][]> {
  const { kid, kty, n, e, use = "sig", alg = "RS256" } = jwk;
  const isText = typeof kid === "string" && typeof n === "string" && typeof e === "string";
  if (!isText || kty !== "RSA" || use !== "sig" || alg !== "RS256") return [];
  try {
    const key = await crypto.subtle.importKey("jwk", { kty, n, e }, SIGNATURE, false, ["verify"]);
    const { modulusLength } = key.algorithm as webcrypto.RsaHashedKeyAlgorithm;
    return modulusLength < MIN_RSA_BITS ? [] : [[kid, key]];
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
