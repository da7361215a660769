import { describe, expect, test } from "vitest";
import { content, manualEngine } from "../../../../test/support/manual-engine.ts";

describe("creating a queue", () => {
  test("the same name with the same attributes gives the same queue", () => {
    const { queue } = manualEngine();
    const orders = queue("orders", { DelaySeconds: "5" });
    expect(queue("orders", { DelaySeconds: "5" })).toBe(orders);
    expect(queue("orders")).toBe(orders);
  });

  test("the same name with another attribute is refused, and the attribute is named", () => {
    const { queue } = manualEngine();
    queue("orders");
    const message =
      "A queue already exists with the same name and a different value for attribute DelaySeconds";
    expect(() => queue("orders", { DelaySeconds: "5" })).toThrow(message);
  });

  test("a name stays taken for a minute after the queue was deleted", async () => {
    const { engine, queue, clock } = manualEngine();
    engine.deleteQueue(queue("orders"));
    expect(() => queue("orders")).toThrow("You must wait 60 seconds after deleting a queue");
    await clock.advance(60_000);
    expect(queue("orders").counts.visible).toBe(0);
  });

  test.each(["", "a.b", "with space", "x".repeat(81), "ünicode"])("the name %j is refused", (name) => {
    const { queue } = manualEngine();
    expect(() => queue(name)).toThrow(
      "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    );
  });

  test("a FIFO queue needs the suffix, and the suffix needs a FIFO queue", () => {
    const { engine, queue } = manualEngine();
    expect(() => queue("orders", { FifoQueue: "true" })).toThrow("must end with .fifo suffix");
    const address = { region: "eu-west-1", accountId: "000000000000", name: "orders.fifo" };
    expect(() => engine.createQueue(address, new Map(), new Map())).toThrow(
      "Can only include alphanumeric characters",
    );
    expect(() => queue(`${"x".repeat(76)}.fifo`)).toThrow("1 to 80 in length");
    expect(queue(`${"x".repeat(75)}.fifo`).identity.isFifo).toBe(true);
  });

  test("regions and accounts have queues of their own", () => {
    const { engine, queue } = manualEngine();
    const address = { region: "us-east-1", accountId: "000000000000", name: "orders" };
    const american = engine.createQueue(address, new Map(), new Map());
    expect(american).not.toBe(queue("orders"));
    expect(american.arn).toBe("arn:aws:sqs:us-east-1:000000000000:orders");
    expect(engine.find({ ...address, accountId: "111111111111" })).toBeUndefined();
  });

  test.each([
    ["cn-north-1", "arn:aws-cn:sqs:cn-north-1:000000000000:q"],
    ["us-gov-west-1", "arn:aws-us-gov:sqs:us-gov-west-1:000000000000:q"],
  ])("region %s lies in another partition", (region, arn) => {
    const { engine } = manualEngine();
    expect(
      engine.createQueue({ region, accountId: "000000000000", name: "q" }, new Map(), new Map()).arn,
    ).toBe(arn);
  });
});

describe("dead-letter targets", () => {
  function policy(deadLetterTargetArn: string): { readonly RedrivePolicy: string } {
    return { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }) };
  }

  test("must exist, in the same region, be of the same type and agree", () => {
    const { queue } = manualEngine();
    const closed = queue("closed", { RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' });
    const arn = "arn:aws:sqs:eu-west-1:000000000000:missing";
    expect(() => queue("orders", policy(arn))).toThrow("Dead letter target does not exist.");
    expect(() => queue("orders", policy(arn.replace("eu-west-1", "eu-west-2")))).toThrow(
      "must be in same region",
    );
    expect(() => queue("orders.fifo", policy(closed.arn))).toThrow(
      "must be same type of queue as the source",
    );
    expect(() => queue("orders", policy(closed.arn))).toThrow("does not allow this queue as a source");
  });

  test("are never the queue itself", () => {
    const { engine, queue } = manualEngine();
    const orders = queue("orders");
    const given = new Map(Object.entries(policy(orders.arn)));
    expect(() => engine.setAttributes(orders, given)).toThrow("must be another queue than the source");
  });

  test("are known by their sources", () => {
    const { engine, queue } = manualEngine();
    const dead = queue("dead");
    const orders = queue("orders", policy(dead.arn));
    queue("others");
    expect(engine.sourcesOf(dead)).toEqual([orders]);
    engine.setAttributes(orders, new Map([["RedrivePolicy", ""]]));
    expect(engine.sourcesOf(dead)).toEqual([]);
  });
});

test("the type of a queue cannot be changed", () => {
  const { engine, queue } = manualEngine();
  expect(() => engine.setAttributes(queue("q.fifo"), new Map([["FifoQueue", "false"]]))).toThrow(
    "Modifying queue type is not supported.",
  );
  expect(() => engine.setAttributes(queue("q"), new Map([["FifoQueue", "true"]]))).toThrow(
    "Unknown Attribute FifoQueue.",
  );
});

test("setting an attribute moves the time of modification", async () => {
  const { engine, queue, clock } = manualEngine();
  const orders = queue("orders");
  await clock.advance(5000);
  engine.setAttributes(orders, new Map([["DelaySeconds", "1"]]));
  expect(orders.modifiedAtMs - orders.createdAtMs).toBe(5000);
});

test("a reset forgets queues, messages and taken names", () => {
  const { engine, queue } = manualEngine();
  queue("orders").send(content("a"), 0);
  engine.deleteQueue(queue("gone"));
  engine.reset();
  expect(engine.queues()).toEqual([]);
  expect(queue("orders").messages()).toEqual([]);
  queue("gone");
});
