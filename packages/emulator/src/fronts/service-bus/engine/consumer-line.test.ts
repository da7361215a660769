import { expect, test } from "vitest";
import { isCollected } from "../../../../test/support/is-collected.ts";
import { TestConsumer } from "../../../../test/support/service-bus-engine.ts";
import { ConsumerLine } from "./consumer-line.ts";
import { EngineError } from "./engine-error.ts";

test("serves in the order in which consumers got room", () => {
  const line = new ConsumerLine();
  const [first, second] = [line.add(new TestConsumer(1)), line.add(new TestConsumer(1))];
  line.wait(second);
  line.wait(first);
  line.wait(second);
  expect([line.next(), line.next(), line.next()]).toEqual([second, first, undefined]);
});

test("passes over a consumer whose room is gone or who has left", () => {
  const line = new ConsumerLine();
  const poor = new TestConsumer(1);
  const [emptied, left, served] = [
    line.add(poor),
    line.add(new TestConsumer(1)),
    line.add(new TestConsumer(1)),
  ];
  for (const seat of [emptied, left, served]) line.wait(seat);
  poor.credit = 0;
  line.remove(left);
  expect([line.next(), line.next()]).toEqual([served, undefined]);
});

test("keeps no reference to a consumer that left while it waited", async () => {
  const line = new ConsumerLine();
  const come = (): WeakRef<object> => {
    const seat = line.add(new TestConsumer(1));
    line.wait(seat);
    line.remove(seat);
    return new WeakRef(seat);
  };
  const stays = line.add(new TestConsumer(1));
  line.wait(stays);
  expect(await isCollected(come())).toBe(true);
  expect([line.next(), line.next()]).toEqual([stays, undefined]);
});

test("lets nobody wait without room", () => {
  const line = new ConsumerLine();
  line.wait(line.add(new TestConsumer(0)));
  expect(line.next()).toBeUndefined();
});

test("ends every consumer once, and forgets them", () => {
  const line = new ConsumerLine();
  const consumers = [new TestConsumer(1), new TestConsumer(0)];
  for (const consumer of consumers) line.wait(line.add(consumer));
  const error = new EngineError("amqp:not-found", "gone");
  line.end(error);
  expect(consumers.map(({ ended }) => ended)).toEqual([error, error]);
  expect([line.size, line.next()]).toEqual([0, undefined]);
});
