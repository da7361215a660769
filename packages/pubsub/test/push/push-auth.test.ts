import { createHmac, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { createVirtualClock } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import { nodePushRequests, pubsubEvents, pushRequests, type PushOptions } from "../../src/push.ts";
import { pushRequest, pushTokens, type PushTokenClaims } from "../../src/testing.ts";
import { collecting, FORMS, orders } from "./push-bench.ts";

const AUDIENCE = "https://example.com/orders";
const ACCOUNT = "push@my-project.iam.gserviceaccount.com";
const RIGHT: PushTokenClaims = { audience: AUDIENCE, serviceAccount: ACCOUNT };
const HOUR_MS = 3_600_000;

const tokens = pushTokens();
/** A key that counts as Google's, for claims that Google would never make. */
const other = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const VERIFIED: PushOptions = {
  audience: AUDIENCE,
  serviceAccount: ACCOUNT,
  keys: () => ({
    keys: [
      ...tokens.keys().keys,
      { ...other.publicKey.export({ format: "jwk" }), kid: "other", use: "sig", alg: "RS256" },
    ],
  }),
};

function ago(ms: number): Date {
  return new Date(Date.now() - ms);
}

function part(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}

/** A token with other parts; its signature is that of the genuine one. */
function forged(change: {
  readonly header?: unknown;
  readonly payload?: unknown;
  readonly signature?: string;
}): string {
  const [header = "", payload = "", signature = ""] = tokens.sign(RIGHT).split(".");
  return [
    change.header === undefined ? header : part(change.header),
    change.payload === undefined ? payload : part(change.payload),
    change.signature ?? signature,
  ].join(".");
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

/** Signed with HMAC and the published key as secret: a verifier that trusts the token's `alg` accepts it. */
function confused(): string {
  const [key] = tokens.keys().keys;
  const content = `${part({ alg: "HS256", kid: key?.["kid"] })}.${part(claimsOf(tokens.sign(RIGHT)))}`;
  return `${content}.${createHmac("sha256", JSON.stringify(key)).update(content).digest("base64url")}`;
}

/** Correctly signed, but with a key that the token itself brings. */
function selfMade(): string {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const header = { alg: "RS256", kid: "mine", jwk: publicKey.export({ format: "jwk" }) };
  return signed(privateKey, header, claimsOf(tokens.sign(RIGHT)));
}

/** Correctly signed with the other key: right but for these claims. */
function genuine(claims: object): string {
  const header = { alg: "RS256", kid: "other" };
  return signed(other.privateKey, header, { ...claimsOf(tokens.sign(RIGHT)), ...claims });
}

function signed(key: KeyObject, header: object, payload: object): string {
  const content = `${part(header)}.${part(payload)}`;
  return `${content}.${sign("RSA-SHA256", Buffer.from(content), key).toString("base64url")}`;
}

describe.each(FORMS)("a push over %s that must prove who it is from", (_name, make) => {
  const calls: unknown[] = [];
  const { seen: refused, listener } = collecting("event-refused");
  const push = make((message) => void calls.push(message), VERIFIED, { listener });

  async function statusOf(token: string | undefined): Promise<number> {
    calls.length = 0;
    refused.length = 0;
    const response = await push(pushRequest(orders, { body: { orderId: "o-1" } }, { token }));
    // The answer tells a stranger nothing.
    expect(await response.text()).toBe("");
    return response.status;
  }

  test.each<[string, PushTokenClaims]>([
    ["as Google's", RIGHT],
    ["from the issuer's other name", { ...RIGHT, issuer: "accounts.google.com" }],
    ["that expired less than a minute ago", { ...RIGHT, issuedAt: ago(HOUR_MS + 30_000) }],
    ["from a clock that is a little ahead", { ...RIGHT, issuedAt: ago(-30_000) }],
  ])("is handled with a token %s", async (_what, claims) => {
    expect(await statusOf(tokens.sign(claims))).toBe(204);
    expect(calls).toHaveLength(1);
  });

  test("is handled with a token for several audiences, of which one is this", async () => {
    expect(await statusOf(genuine({ aud: ["https://example.com/", AUDIENCE] }))).toBe(204);
  });

  test.each<[string, string | undefined, string]>([
    ["without a token", undefined, "no token"],
    ["with a token that is none", "opaque", "not a bearer token"],
    ["with an expired token", tokens.sign({ ...RIGHT, issuedAt: ago(HOUR_MS + 61_000) }), "expired"],
    ["with a token from the future", tokens.sign({ ...RIGHT, issuedAt: ago(-120_000) }), "not valid yet"],
    ["for another audience", tokens.sign({ ...RIGHT, audience: `${AUDIENCE}/` }), "another audience"],
    [
      "of another issuer",
      tokens.sign({ ...RIGHT, issuer: "https://accounts.google.com.evil.example" }),
      "not issued by Google",
    ],
    [
      "with other claims than were signed",
      forged({ payload: { ...claimsOf(tokens.sign(RIGHT)), sub: "me" } }),
      "signature is wrong",
    ],
    ["without expiry", genuine({ exp: undefined }), "expired"],
    ["with a text for its expiry", genuine({ exp: "9999999999" }), "expired"],
    ["with a text for its begin", genuine({ nbf: "0" }), "not valid yet"],
    ["with an empty signature", forged({ signature: "" }), "not a bearer token"],
    ["with alg none", forged({ header: { alg: "none" } }), "not signed with RS256"],
    [
      "with a critical extension",
      forged({ header: { alg: "RS256", crit: ["b64"] } }),
      "not signed with RS256",
    ],
    ["with a key as secret", confused(), "not signed with RS256"],
    ["with a key of its own", selfMade(), "not Google's"],
    ["of another signer", pushTokens().sign(RIGHT), "not Google's"],
    ["with a header that is null", forged({ header: "null" }), "header is not a JSON object"],
    ["with a header that is not JSON", forged({ header: "{" }), "header is not a JSON object"],
    [
      "whose signature Cloud Run removed",
      forged({ signature: "SIGNATURE_REMOVED_BY_GOOGLE" }),
      "trustPlatform: true",
    ],
  ])("is answered 401 %s, unhandled", async (_what, token, words) => {
    expect(await statusOf(token)).toBe(401);
    expect(calls).toEqual([]);
    expect(refused).toMatchObject([
      { error: { code: "UNAUTHENTICATED", message: expect.stringContaining(words) } },
    ]);
    // Nor does the report contain what would grant access.
    expect(String(refused[0]?.error)).not.toContain(token ?? ACCOUNT);
  });

  test.each<[string, PushTokenClaims]>([
    ["another account", { ...RIGHT, serviceAccount: "other@my-project.iam.gserviceaccount.com" }],
    ["an address that nobody verified", { ...RIGHT, isEmailVerified: false }],
  ])("is answered 403 with a genuine token of %s, unhandled", async (_what, claims) => {
    expect(await statusOf(tokens.sign(claims))).toBe(403);
    expect(calls).toEqual([]);
    expect(refused).toMatchObject([{ error: { code: "ACCESS_DENIED" } }]);
  });

  test("is refused before its body is looked at", async () => {
    const response = await push(new Request("http://127.0.0.1/", { method: "POST", body: "no push" }));
    expect(response.status).toBe(401);
  });
});

describe("who may call", () => {
  test("may be several audiences and accounts, or any account", async () => {
    const [, make] = FORMS[0] ?? [];
    const several = make?.(() => {}, {
      audience: ["a", AUDIENCE],
      serviceAccount: ["b@c.d", ACCOUNT],
      keys: tokens.keys,
    });
    const any = make?.(() => {}, { audience: AUDIENCE, serviceAccount: "any", keys: tokens.keys });
    for (const push of [several, any]) {
      const request = pushRequest(orders, { body: { orderId: "a" } }, { token: tokens.sign(RIGHT) });
      expect((await push?.(request))?.status).toBe(204);
    }
  });

  test.each<[string, unknown, string]>([
    ["no options", {}, "neither audience nor trustPlatform"],
    ["nothing at all", undefined, "expected an object of options"],
    ["no account", { audience: "a" }, "serviceAccount: expected"],
    ["an account without an audience", { serviceAccount: "a@b.c" }, "neither audience nor trustPlatform"],
    ["a trust that is none", { trustPlatform: false }, "trustPlatform: expected true"],
    ["both ways", { trustPlatform: true, audience: "a" }, "audience and trustPlatform cannot be combined"],
    ["an empty audience", { audience: [], serviceAccount: "any" }, "audience: expected a text"],
    ["an empty text", { audience: "", serviceAccount: "any" }, "audience: expected a text"],
    ["keys that are none", { audience: "a", serviceAccount: "any", keys: {} }, "keys: expected"],
    [
      "keys from a machine that anybody can pose as",
      { audience: "a", serviceAccount: "any", keys: "http://example.com/" },
      "https",
    ],
    ["a misspelt option", { trustPlatform: true, maxBodyByte: 1 }, 'did you mean "maxBodyBytes"?'],
    ["an ack deadline that there is not", { trustPlatform: true, ackDeadline: "20m" }, "10000 to 600000 ms"],
    ["a time without a unit", { trustPlatform: true, rememberFor: 5 }, "rememberFor: expected a duration"],
    [
      "counts that are none",
      { trustPlatform: true, maxRequests: 0, maxBodyBytes: -1 },
      "maxRequests: expected a whole number from 1; maxBodyBytes",
    ],
    ["calls that are none", { trustPlatform: true, calls: {} }, "what pubsubCalls() returns"],
    ["a clock that is none", { trustPlatform: true, clock: 1 }, "clock: expected a clock"],
  ])("must be said when the source is made: %s", (_what, options, words) => {
    for (const make of [pushRequests, nodePushRequests])
      expect(() => make(options as PushOptions)).toThrow(words);
  });

  test("is up to the platform for CloudEvents, which has to be said", () => {
    expect(() => pubsubEvents({} as never)).toThrow("trustPlatform: expected true");
    expect(() => pubsubEvents({ trustPlatform: true, audience: "a" } as never)).toThrow(
      'unknown option "audience"',
    );
  });
});

test("time is the clock's: a token that a virtual clock has seen expire is refused", async () => {
  const clock = createVirtualClock();
  const signer = pushTokens(clock);
  const [, make] = FORMS[0] ?? [];
  const push = make?.(() => {}, { audience: "a", serviceAccount: "any", keys: signer.keys, clock });
  const token = signer.sign({ audience: "a", serviceAccount: "b" });
  const call = async (): Promise<number | undefined> =>
    (await push?.(pushRequest(orders, { body: { orderId: "a" } }, { token })))?.status;
  expect(await call()).toBe(204);
  await clock.advance("61m");
  expect(await call()).toBe(401);
});
