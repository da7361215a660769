import { expect, test } from "vitest";
import { OutgoingWindow } from "./outgoing-window.ts";

test("a disposition that names more deliveries than were sent takes no longer", () => {
  const settled: number[] = [];
  const window = new OutgoingWindow(100, 65_536, () => undefined);
  for (const tag of [1, 2, 3]) {
    window.transfer({
      handle: 0,
      tag: Buffer.from([tag]),
      payload: Buffer.alloc(1),
      isSettled: false,
      onOutcome: (id) => settled.push(id),
    });
  }
  const before = process.cpuUsage();
  const outcome = { kind: "accepted" } as const;
  window.onDisposition({ isFromReceiver: true, first: 1, last: 0xff_ff_ff_ff, isSettled: true, outcome });
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
  expect(settled).toEqual([1, 2]);
});
