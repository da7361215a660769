import { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { frameBytes, AMQP_FRAME } from "./frame-reader.ts";
import { FrameOutbox } from "./frame-outbox.ts";

const EMPTY_FRAME = frameBytes(AMQP_FRAME, 0);

/** A socket that is never connected, and what is written to it. */
function outbox() {
  const socket = new Socket();
  const writes: Buffer[] = [];
  vi.spyOn(socket, "write").mockImplementation((bytes) => writes.push(Buffer.from(bytes)) > 0);
  return { outbox: new FrameOutbox(socket, () => true), writes };
}

test("frames of one turn are sent in one write, in order", async () => {
  const { outbox: frames, writes } = outbox();
  for (const text of ["attach", "detach", "flow"]) frames.add(Buffer.from(text));
  frames.wantFlush({ flush: () => frames.add(Buffer.from("dispositions")) });
  expect(writes).toEqual([]);
  await nextTurn();
  expect(writes.map(String)).toEqual(["attachdetachflowdispositions"]);
});

test("a frame that needs no answer is acknowledged by an empty one in the same turn", async () => {
  const { outbox: frames, writes } = outbox();
  frames.nudge();
  frames.nudge();
  await nextTurn();
  await nextTurn();
  expect(writes).toEqual([EMPTY_FRAME]);
});

test("an answer needs no extra empty frame", async () => {
  const { outbox: frames, writes } = outbox();
  frames.nudge();
  frames.add(Buffer.from("answer"));
  await nextTurn();
  await nextTurn();
  expect(writes.map(String)).toEqual(["answer"]);
});
