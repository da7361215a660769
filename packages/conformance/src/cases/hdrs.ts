import assert from "node:assert/strict";
import { DeadLetterError, type Message } from "@anyqueue/core";
import type { Bench } from "../bench.ts";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { takeDeadLetters } from "../dead-letters.ts";
import { numbers } from "../recorder.ts";
import { rejection } from "../rejection.ts";
import type { TestQueue } from "../test-queue.ts";

type Attributes = Readonly<Record<string, string>>;

const HOSTILE_NAMES = [
  "a.b",
  "a/b",
  "a b",
  'say "hi"',
  "1st",
  "-dash",
  ".dot",
  "AWS.Trace",
  "Amazon.Id",
  "x".repeat(300),
  "größe",
  "__proto__",
  "constructor",
];
const HOSTILE_VALUES = ["\u0000", "\u0001\u001F", "\uFFFE", "tab\there", "line\nfeed\r\n", "<&>]]>"];

/** Attributes. Bodies are in `hdrs-body.ts`. */
export const HDRS_ATTRIBUTES: readonly ConformanceCase[] = caseGroup("HDRS", [
  {
    id: "HDRS-01",
    title: "plain, unicode and empty values arrive as they were",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const attributes = { ascii: "plain", unicode: "Grüße, 世界 🌍", empty: "", spaces: "  both sides  " };
      assert.deepEqual(
        await roundTrip(bench, attributes),
        attributes,
        "names and values of attributes arrive as they were sent, with empty ones and spaces",
      );
    },
  },
  {
    id: "HDRS-02",
    title: "hostile names arrive as they were or are refused; none is altered, none collides",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      for (const name of HOSTILE_NAMES)
        await assertKeptOrRefused(bench, Object.fromEntries([[name, "value"]]));
      await assertKeptOrRefused(bench, { tenant: "lower", Tenant: "upper" });
      await assertKeptOrRefused(bench, { "a.b": "dot", a_b: "underscore", "a%2Eb": "escaped" });
    },
  },
  {
    id: "HDRS-03",
    title: "control characters arrive as they were or are refused",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      for (const value of HOSTILE_VALUES) await assertKeptOrRefused(bench, { value });
    },
  },
  {
    id: "HDRS-04",
    title: "text that is no text is refused before any I/O",
    rule: "D4",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const queue = await bench.queue();
      for (const broken of ["\uD800", "a\uDC00b", "\uDFFF\uD800"]) {
        const error = await rejection(
          queue.producer().send(queue.next(), { attributes: { broken } }),
          "INVALID_ARGUMENT",
        );
        assert.match(error.message, /broken/, "the refusal names the attribute that is no valid text");
      }
      assert.equal(
        bench.plan.count("send"),
        0,
        "send requests before a text that is no valid text was refused",
      );
    },
  },
  {
    id: "HDRS-05",
    title: "more attributes than the service has room for arrive all, or are refused",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      for (const count of [8, 9, 10, 11, 40]) {
        await assertKeptOrRefused(
          bench,
          Object.fromEntries(numbers(count).map((n) => [`name-${n}`, `value ${n}`])),
        );
      }
    },
  },
  {
    id: "HDRS-07",
    title: "attributes of the vendor's own types are shown, not dropped",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    hooks: ["foreign"],
    async run(bench) {
      const queue = await bench.queue();
      await sendTyped(bench, queue);
      const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
      assert.deepEqual(
        { ...message?.attributes },
        { tenant: "acme", total: "42" },
        "attributes of other types than text are shown as text: the handler must not lose them",
      );
      assert.deepEqual(
        Object.keys(message?.attributeTypes ?? {}),
        bench.backend.foreign?.writesNumbersAsText === true ? [] : ["total"],
        "names with a type of their own",
      );
      await bench.settled("the ack is confirmed", message?.ack() ?? Promise.resolve());
    },
  },
  {
    id: "HDRS-12",
    title: "attributes of the vendor's own types are of these types in the dead letters, too",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    hooks: ["foreign"],
    async run(bench) {
      const queue = await bench.queue();
      await sendTyped(bench, queue);
      let types: Message<unknown>["attributeTypes"];
      const failing = bench.recorder().handler(({ attributeTypes }) => {
        types = attributeTypes;
        throw new DeadLetterError("bad-order");
      });
      void bench.start(queue.consumer(), failing);
      const [dead] = await takeDeadLetters(bench, queue, 1);
      assert.deepEqual(
        { ...dead?.attributes },
        { tenant: "acme", total: "42" },
        "attributes of other types than text are in the dead letter, as text",
      );
      assert.deepEqual(
        dead?.attributeTypes,
        types,
        "attributeTypes of the dead letter: a copy must not change the vendor's types",
      );
    },
  },
  {
    id: "HDRS-09",
    title: "an application neither sees nor forges what we write",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const attributes = { tenant: "acme" };
      assert.deepEqual(
        await roundTrip(bench, attributes),
        attributes,
        "the application's attributes arrive, and none that the core or the service wrote is seen",
      );
      const queue = await bench.queue();
      for (const name of ["aq-h", "aq-dead-reason", "AQ-h", "Aq-Due"]) {
        const forged = Object.fromEntries([[name, "forged"]]);
        await rejection(queue.producer().send(queue.next(), { attributes: forged }), "INVALID_ARGUMENT");
      }
    },
  },
]);

/** Sends an attribute of the vendor's own number type. */
async function sendTyped({ backend }: Bench, queue: TestQueue): Promise<void> {
  await backend.foreign?.send(queue.entity, {
    text: JSON.stringify(queue.next()),
    attributes: { tenant: "acme" },
    numbers: { total: 42 },
    orderingKey: "foreign",
  });
}

async function roundTrip(bench: Bench, attributes: Attributes): Promise<Attributes> {
  const queue = await bench.queue();
  await bench.settled("it is confirmed", queue.send(1, { attributes }));
  const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
  assert.ok(message !== undefined, "the message that was sent arrives");
  await bench.settled("the ack is confirmed", message.ack());
  return Object.fromEntries(Object.entries(message.attributes));
}

async function assertKeptOrRefused(bench: Bench, attributes: Attributes): Promise<void> {
  const before = bench.plan.count("send");
  const [outcome] = await Promise.allSettled([roundTrip(bench, attributes)]);
  const names = Object.keys(attributes)
    .map((name) => name.slice(0, 20))
    .join(", ");
  if (outcome.status === "fulfilled") {
    assert.deepEqual(
      Object.entries(outcome.value).toSorted(byName),
      Object.entries(attributes).toSorted(byName),
      names,
    );
    return;
  }
  assert.match(String(outcome.reason), /INVALID_ARGUMENT|INVALID_MESSAGE|PARTIAL_SEND/, names);
  assert.equal(bench.plan.count("send"), before, `requests for ${names}`);
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1;
}
