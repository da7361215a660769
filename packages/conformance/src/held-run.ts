import type { DrainReport, QueueConsumer } from "@anyqueue/core";
import type { Bench } from "./bench.ts";
import { createGate, type Gate } from "./gate.ts";
import type { Recorder } from "./recorder.ts";
import type { Body, TestQueue } from "./test-queue.ts";

/** A consumer whose handlers end when the gate opens. */
export interface HeldRun {
  readonly consumer: QueueConsumer<Body>;
  readonly run: Promise<DrainReport>;
  readonly recorder: Recorder;
  readonly gate: Gate;
}

/** Starts a held run and waits until its handler has the message that is in the queue. */
export async function heldRun(bench: Bench, queue: TestQueue): Promise<HeldRun> {
  const [recorder, gate, consumer] = [bench.recorder(), createGate(), queue.consumer()];
  const run = bench.start(
    consumer,
    recorder.handler(() => gate.opened),
  );
  await bench.until("it runs", () => recorder.running === 1);
  return { consumer, run, recorder, gate };
}
