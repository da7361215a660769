import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { checkTokenWith, NAMESPACE_KEY } from "../../sas-token.ts";
import type { AmqpConnection } from "../transport/amqp-connection.ts";
import { ShownTokens } from "./shown-tokens.ts";

let nowMs = 1_000_000;
const connection = (): AmqpConnection => ({}) as AmqpConnection;

function sas(path: string, seconds = 60): string {
  const sr = encodeURIComponent(`sb://localhost/${path}`);
  const se = String(nowMs / 1_000 + seconds);
  const sig = createHmac("sha256", NAMESPACE_KEY.key).update(`${sr}\n${se}`).digest("base64");
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}&skn=${NAMESPACE_KEY.name}`;
}

test("a link opens only if its own connection has a valid token for its path", () => {
  const tokens = new ShownTokens(checkTokenWith(() => nowMs));
  const [one, other] = [connection(), connection()];
  const codes = (of: AmqpConnection, ...paths: readonly string[]): readonly (string | undefined)[] =>
    paths.map((path) => tokens.refusalOf(of, path)?.subCode);
  expect(codes(one, "orders")).toEqual(["40100"]);
  expect(tokens.show(one, sas("orders"), "sb://localhost/orders")).toBeUndefined();
  expect(codes(one, "orders", "Orders/$management", "orders/$DeadLetterQueue", "orders-2", "bills")).toEqual([
    undefined,
    undefined,
    undefined,
    "40100",
    "40100",
  ]);
  expect(codes(other, "orders")).toEqual(["40100"]);
  nowMs += 61_000;
  expect(codes(one, "orders")).toEqual(["40102"]);
  expect(tokens.show(one, sas("orders"), "sb://localhost/orders")).toBeUndefined();
  expect(codes(one, "orders")).toEqual([undefined]);
  // A refused token replaces the previous one.
  expect(tokens.show(one, sas("bills"), "sb://localhost/orders")?.subCode).toBe("40101");
  expect(codes(one, "orders")).toEqual(["40100"]);
});

test("without token checks, no token is needed", () => {
  const tokens = new ShownTokens(() => undefined);
  expect(tokens.show(connection(), "", "orders")).toBeUndefined();
  expect(tokens.refusalOf(connection(), "orders")).toBeUndefined();
});
