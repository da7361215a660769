import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { checkTokenWith, NAMESPACE_KEY } from "./sas-token.ts";

const NOW_MS = Date.UTC(2026, 10, 29);
const check = checkTokenWith(() => NOW_MS);

interface TokenParts {
  readonly scope?: string;
  readonly key?: string;
  readonly keyName?: string;
  readonly expiresInSeconds?: number;
}

function token(parts: TokenParts = {}): string {
  const scope = encodeURIComponent(parts.scope ?? "sb://127.0.0.1:5672/orders");
  const expires = NOW_MS / 1000 + (parts.expiresInSeconds ?? 60);
  const signature = createHmac("sha256", parts.key ?? NAMESPACE_KEY.key)
    .update(`${scope}\n${expires}`)
    .digest("base64");
  const name = parts.keyName ?? NAMESPACE_KEY.name;
  return `SharedAccessSignature sr=${scope}&sig=${encodeURIComponent(signature)}&se=${expires}&skn=${name}`;
}

const bearer = (claims: unknown): string =>
  `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.sig`;

describe("a shared access signature", () => {
  test.each([
    "sb://127.0.0.1:5672/orders",
    "sb://127.0.0.1:5672/ORDERS/",
    "sb://localhost:1/orders/$management",
    "127.0.0.1:5672/orders",
  ])("for an address grants %s", (audience) => {
    expect(check(token(), audience)).toBeUndefined();
  });

  test("for the namespace grants everything", () => {
    expect(check(token({ scope: "sb://127.0.0.1:5672/" }), "sb://127.0.0.1:5672/a/b")).toBeUndefined();
    expect(check(token({ scope: "127.0.0.1:5672" }), "sb://127.0.0.1:5672/a/b")).toBeUndefined();
  });

  test("for an address with a query grants that address", () => {
    const scope = "https://127.0.0.1:5672/orders?api-version=2021-05";
    expect(check(token({ scope }), "127.0.0.1:5672/orders")).toBeUndefined();
  });

  test.each([
    ["of another key", token({ key: "wrong" }), "40103"],
    ["of another policy", token({ keyName: "Listen" }), "40103"],
    ["that is over", token({ expiresInSeconds: 0 }), "40102"],
    ["for another entity", token({ scope: "sb://127.0.0.1:5672/order" }), "40101"],
    ["without a signature", token().replace(/sig=[^&]*&/u, ""), "40104"],
    ["with an expiry that is no number", token().replace(/se=\d+/u, "se=never"), "40103"],
    ["that is not there", "", "40100"],
  ])("%s is refused", (_name, text, subCode) => {
    expect(check(text, "sb://127.0.0.1:5672/orders")?.subCode).toBe(subCode);
  });
});

describe("a bearer token", () => {
  test("is accepted until it expires", () => {
    expect(check(bearer({ exp: NOW_MS / 1000 + 1 }), "sb://127.0.0.1/orders")).toBeUndefined();
    expect(check(bearer({}), "sb://127.0.0.1/orders")).toBeUndefined();
    expect(check(bearer({ exp: NOW_MS / 1000 }), "sb://127.0.0.1/orders")?.subCode).toBe("40102");
  });
});
