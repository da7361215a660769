import { countProblems, optionProblems, refuseProblems, signalProblems } from "../errors/check-options.ts";
import { durationProblems } from "../message/check-policy.ts";
import type { QueueConsumer } from "../queue-consumer.ts";
import { durationToMs } from "../time/duration.ts";

export type ReceiveOptions = NonNullable<Parameters<QueueConsumer<unknown>["receive"]>[0]>;

const OPTIONS = { max: countProblems, wait: durationProblems, signal: signalProblems };

/** @throws INVALID_ARGUMENT */
export function checkedOptions(options: ReceiveOptions): { readonly max: number; readonly waitMs: number } {
  refuseProblems(optionProblems(options, OPTIONS, "receive"));
  const { max = 1, wait = "0ms" } = options;
  return { max, waitMs: durationToMs(wait) };
}
