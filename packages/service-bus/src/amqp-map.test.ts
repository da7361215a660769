import { expect, test } from "vitest";
import { amqpMapOf } from "./amqp-map.ts";

test("an empty map is its head alone", () => {
  expect(Buffer.from(amqpMapOf({})).toString("hex")).toBe("d10000000400000000");
});

test("texts are strings of AMQP, short and long, with their length in bytes", () => {
  const long = "ä".repeat(200);
  const map = Buffer.from(amqpMapOf({ a: "ü", b: long }));
  const head = "d1" + (4 + 3 + 4 + 3 + 5 + 400).toString(16).padStart(8, "0") + "00000004";
  const short = "a10161a102c3bca10162";
  expect(map.toString("hex")).toBe(head + short + "b100000190" + Buffer.from(long).toString("hex"));
});
