import type { HandlerContext } from "../src/queue-consumer.ts";
import { consumerBench, type BenchOptions, type ConsumerBench } from "./consumer-bench.ts";

/** One message "m" whose handler runs until `end` is called. */
export async function running(options: BenchOptions = {}): Promise<
  ConsumerBench & {
    run: Promise<unknown>;
    end: (error?: Error) => void;
    context: HandlerContext;
    runs: () => number;
  }
> {
  const bench = consumerBench(options);
  bench.queue.put("m");
  let end: (error?: Error) => void = () => {};
  let context: HandlerContext | undefined;
  let runs = 0;
  const run = bench.consumer.run(async (_message, given) => {
    runs += 1;
    context ??= given;
    await new Promise<void>((resolve, reject) => {
      if (runs === 1) end = (error) => (error === undefined ? resolve() : reject(error));
    });
  });
  await bench.clock.settle();
  if (context === undefined) throw new Error("the handler did not start");
  return { ...bench, run, end: (error) => end(error), context, runs: () => runs };
}

export async function close({
  consumer,
  clock,
  run,
}: ConsumerBench & { run: Promise<unknown> }): Promise<void> {
  const closed = consumer.close({ timeout: "0ms" });
  await clock.advance("20s");
  await closed;
  await run;
}
