import { createVirtualClock } from "@anyqueue/core/testing";
import { expect, test } from "vitest";
import { MemoryHistory } from "../../src/explore/memory-history.ts";
import { byTime } from "../../src/history/read-history.ts";
import { indexHistory } from "../../src/history/history-index.ts";

test("hand-overs of one millisecond are in the order of the service's record, before what was read in it", () => {
  const history = new MemoryHistory(createVirtualClock());
  const worker = history.sink("worker");
  // Read in another order: the second lies in a socket for longer.
  for (const lease of ["first", "third", "second"]) {
    const members = { mid: "m", bid: "b", hash: "h", dest: "q", consumer: "c", tok: lease, lease };
    worker.write("deliver", worker.operation(), members);
  }
  for (const lease of ["first", "second", "third"]) history.record("hand.out", lease, 0);
  const read = history.events.toSorted(byTime).map(({ type }) => type);
  expect(read.slice(0, 4)).toEqual(["hand.out", "hand.out", "hand.out", "deliver"]);
  const handovers = indexHistory(history.events).stories.get("m")?.handovers ?? [];
  expect(handovers.map(({ deliver }) => deliver.lease)).toEqual(["first", "second", "third"]);
});
