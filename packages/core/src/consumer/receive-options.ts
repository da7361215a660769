import { callProblems, countProblems, refuseProblems } from "../errors/check-options.ts";
import type { QueueConsumer } from "../queue-consumer.ts";
import { durationToMs } from "../time/duration.ts";

export type ReceiveOptions = NonNullable<Parameters<QueueConsumer<unknown>["receive"]>[0]>;

/** @throws INVALID_ARGUMENT */
export function checkedOptions(options: ReceiveOptions): { readonly max: number; readonly waitMs: number } {
  const problems = callProblems(options, ["max", "wait", "signal"], "receive");
  const { max = 1, wait = "0ms" } = options ?? {};
  refuseProblems([...problems, ...countProblems(max, "receive.max")]);
  return { max, waitMs: durationToMs(wait, "receive.wait") };
}
