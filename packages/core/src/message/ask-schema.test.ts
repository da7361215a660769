import { expect, test } from "vitest";
import { producerBench } from "../../test/producer-bench.ts";
import { QueueError } from "../errors/queue-error.ts";
import { delivery } from "../testing.ts";
import { askSchema } from "./ask-schema.ts";
import { decodeDelivery } from "./decode-message.ts";
import { defineQueue, detailsOf } from "./queue-definition.ts";
import type { SchemaResult, StandardSchemaV1 } from "./standard-schema.ts";

/** A schema of a library with its own promises. */
function schema(result: SchemaResult<unknown>): StandardSchemaV1 {
  const promised: PromiseLike<SchemaResult<unknown>> = {
    /* oxlint-disable-next-line unicorn/no-thenable -- the case in question */
    then: (onDone, onFailed) => Promise.resolve(result).then(onDone, onFailed),
  };
  const validate = () => promised as Promise<SchemaResult<unknown>>;
  return { "~standard": { version: 1, vendor: "test", validate } };
}

const REFUSED = { issues: [{ message: "bad" }] };

test("a promise that is not of this realm is waited for like any other", async () => {
  const asked = askSchema(
    schema({ value: 2 }),
    1,
    "it does not fit",
    () => new QueueError("INTERNAL", { what: "" }),
  );
  expect(asked).toBeInstanceOf(Promise);
  expect(await asked).toEqual({ value: 2 });
});

test("what it refuses is not sent", async () => {
  const { producer, driver } = producerBench({ details: { schema: schema(REFUSED) } });
  await expect(producer.send(1)).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
  expect(driver.calls).toEqual([]);
});

test("what it makes of a body is what the handler gets", async () => {
  const details = detailsOf(defineQueue("orders", { schema: schema({ value: "made" }) }));
  const message = await decodeDelivery(details, delivery("h", { body: new TextEncoder().encode("1") }));
  expect(message.body).toBe("made");
});
