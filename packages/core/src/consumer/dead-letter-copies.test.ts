import { expect, test } from "vitest";
import { copyBench, type CopyBenchOptions } from "../../test/copy-bench.ts";
import { confirmed, failed } from "../../test/fake-adapter.ts";
import type { DeadLetterItem, ErrorClass } from "../driver/driver.ts";
import { RESERVED } from "../message/attributes.ts";
import { delivery } from "../testing.ts";
import { deadLetterByCopies } from "./dead-letter-copies.ts";

const never = new AbortController().signal;

const REFUSAL: ErrorClass = { code: "THROTTLED", retryable: true, ambiguous: false };

function item(handle: string): DeadLetterItem<string> {
  return { handle, reason: "R", attributes: { [RESERVED.deadReason]: "R" } };
}

function bench(options: CopyBenchOptions = {}) {
  const { driver, target } = copyBench(options);
  const deliveries = ["a", "b", "c"].map((handle) =>
    delivery(handle, { id: handle, body: new Uint8Array(handle === "b" ? 500 : 1) }),
  );
  return { driver, deadLetterBatch: deadLetterByCopies(deliveries, { producer: driver, target }) };
}

test("copies go in one request, each with the record of its death", async () => {
  const { driver, deadLetterBatch } = bench();
  expect(await deadLetterBatch([item("a"), item("c")], never)).toEqual([
    { ok: true, value: undefined },
    { ok: true, value: undefined },
  ]);
  expect(driver.sentIds).toEqual([["a", "c"]]);
  expect(driver.calls[0]?.map(({ attributes }) => attributes[RESERVED.deadReason])).toEqual(["R", "R"]);
});

test("a message without a fitting copy fails alone, and one of another event does", async () => {
  const { driver, deadLetterBatch } = bench({ limits: { maxMessageBytes: 200 } });
  expect(await deadLetterBatch([item("a"), item("b"), item("other"), item("c")], never)).toMatchObject([
    { ok: true },
    { ok: false, error: { code: "MESSAGE_TOO_LARGE" } },
    { ok: false, error: { code: "INTERNAL", operation: "deadLetter" } },
    { ok: true },
  ]);
  expect(driver.sentIds).toEqual([["a", "c"]]);
});

test("nothing is asked of the service where no copy fits", async () => {
  const { driver, deadLetterBatch } = bench({ limits: { maxMessageBytes: 200 } });
  expect(await deadLetterBatch([item("b")], never)).toMatchObject([{ ok: false }]);
  expect(driver.calls).toEqual([]);
});

test("a copy that the service refuses fails alone, with its error", async () => {
  const { deadLetterBatch } = bench({
    limits: { maxMessageBytes: 200 },
    script: async ([, second]) => [failed(REFUSAL), ...(second === undefined ? [] : [confirmed(second)])],
  });
  const results = await deadLetterBatch([item("b"), item("a"), item("c")], never);
  expect(results.map(({ ok }) => ok)).toEqual([false, false, true]);
  expect(results[1]).toMatchObject({ error: { errorClass: REFUSAL } });
});

test("an answer that leaves out a copy confirms none of them", async () => {
  const { deadLetterBatch } = bench({
    script: async ([first]) => (first === undefined ? [] : [confirmed(first)]),
  });
  const unconfirmed = { ok: false, error: { rule: "D2" } };
  expect(await deadLetterBatch([item("a"), item("c")], never)).toMatchObject([unconfirmed, unconfirmed]);
});

test("copies that one request does not take go in several; one that fails as a whole fails its own", async () => {
  const { driver, deadLetterBatch } = bench({
    limits: { send: { maxItems: 10, maxBytes: 500, overheadBytes: 0, maxInFlight: 1 } },
    script: async ([first, ...rest]) => {
      if (first?.id === "b") throw new Error("down");
      return [first, ...rest].flatMap((copy) => (copy === undefined ? [] : [confirmed(copy)]));
    },
  });
  const results = await deadLetterBatch([item("a"), item("c"), item("b"), item("a"), item("c")], never);
  expect(driver.sentIds).toEqual([["a", "c"], ["b"], ["a", "c"]]);
  expect(results.map(({ ok }) => ok)).toEqual([true, true, false, true, true]);
});
