import { describe, expect, test } from "vitest";
import { ACKED, HANDLED } from "./backlog-plan.ts";
import { BacklogTally, idOf, numberOf } from "./backlog-tally.ts";
import { fatesOf } from "./backlog-fates.ts";

function deliver(tally: BacklogTally, number: number, tok: string): void {
  const mid = idOf(number);
  tally.write("deliver", "op", { mid, bid: mid, tok, dest: "chaos", hash: "h", consumer: "c" });
}

function handle(tally: BacklogTally, tok: string): void {
  tally.write("handle.start", "op", { tok });
  tally.write("handle.end", "op", { tok, result: "ack" });
}

function ack(tally: BacklogTally, tok: string): void {
  tally.write("settle.invoke", "op", { tok, kind: "ack" });
  tally.write("settle.ok", "op", { tok, kind: "ack" });
}

describe("what a consumer does", () => {
  test("is marked by the number of the message", () => {
    const tally = new BacklogTally(3);
    deliver(tally, 2, "t1");
    handle(tally, "t1");
    expect([...tally.marks]).toEqual([0, 0, HANDLED]);
    ack(tally, "t1");
    expect([...tally.marks]).toEqual([0, 0, HANDLED | ACKED]);
    expect(tally.tallied).toMatchObject({ handled: 1, acked: 1, handledTwice: 0, errors: {} });
  });

  test("counts a second run of a message", () => {
    const tally = new BacklogTally(1);
    for (const tok of ["t1", "t2"]) {
      deliver(tally, 0, tok);
      handle(tally, tok);
    }
    expect(tally.tallied).toMatchObject({ handled: 1, handledTwice: 1 });
  });

  test("holds a message from its delivery to the end of its handler or until it is given back", () => {
    const tally = new BacklogTally(4);
    deliver(tally, 0, "t1");
    deliver(tally, 1, "t2");
    handle(tally, "t1");
    tally.write("settle.invoke", "op", { tok: "t2", kind: "release" });
    deliver(tally, 2, "t3");
    expect(tally.tallied.mostHeld).toBe(2);
  });

  test("counts settlements without a confirmation", () => {
    const tally = new BacklogTally(1);
    deliver(tally, 0, "t1");
    tally.write("settle.invoke", "op", { tok: "t1", kind: "ack" });
    tally.write("settle.info", "op", { tok: "t1", kind: "ack" });
    expect(tally.tallied.errors).toEqual({ "settle.info": 1 });
  });
});

test("numbers come back from ids, and foreign ids have none", () => {
  expect(numberOf(idOf(17))).toBe(17);
  expect(numberOf("after-1-3")).toBe(-1);
});

describe("what became of the messages", () => {
  test("one that is neither there nor handled is lost; one that is there after its ack is undone", () => {
    const marks = Uint8Array.of(0, HANDLED, HANDLED | ACKED, HANDLED | ACKED, 0);
    expect(fatesOf(marks, { there: [0, 3], out: 0, deadLetters: 2 })).toEqual({
      left: 2,
      lost: 1,
      undone: 1,
      deadLetters: 2,
    });
  });
});
