import { expect, test } from "vitest";
import { FakeServiceError } from "../../test/fake-adapter.ts";
import { consumerBench, tracked, type BenchOptions } from "../../test/consumer-bench.ts";
import type { ConsumerDriver, ItemResult } from "../driver/driver.ts";
import type { VirtualClock } from "../testing.ts";

type AckBatch = ConsumerDriver<string>["ackBatch"];

interface Push {
  readonly ackMs: number;
  readonly askMs?: number;
  readonly handlerMs?: number | ((id: string) => number);
  readonly leaseMs?: number;
  /** The driver's answers to acks, instead of those of the queue. */
  readonly answer?: (handles: readonly string[]) => readonly ItemResult[];
}

const MESSAGES = 2_500;
const refused = new FakeServiceError({ code: "THROTTLED", retryable: true });
/** The flow that the driver is told at first: four running handlers. */
const AT_FIRST = 4;

/** A broker that pushes a backlog to four handlers at once, and takes its time to answer acks. */
async function pushing({ ackMs, askMs = 0, handlerMs = 2, leaseMs = 60_000, answer }: Push) {
  const options: BenchOptions = {
    options: { concurrency: AT_FIRST, lease: `${leaseMs}ms` },
    limits: { ack: { maxItems: 1_000, maxInFlight: 10 } },
    driver: (queue) => {
      const ackBatch: AckBatch = async (handles) => {
        await passed(bench.clock, ackMs);
        return answer?.(handles) ?? (await acked(handles));
      };
      const receiveBatch: ConsumerDriver<string>["receiveBatch"] = async (ask, signal) => {
        const deliveries = await asked(ask, signal);
        if (askMs > 0) await passed(bench.clock, askMs);
        return deliveries;
      };
      const [acked, asked] = [queue.ackBatch.bind(queue), queue.receiveBatch.bind(queue)];
      return Object.assign(queue, { ackBatch, receiveBatch });
    },
  };
  const bench = consumerBench(options);
  const { clock, queue, consumer } = bench;
  for (let index = 0; index < MESSAGES; index += 1) queue.put(`m${index}`);
  const { track, handler } = tracked(clock, handlerMs);
  const run = consumer.run(handler);
  await clock.advance(700);
  return {
    ...bench,
    track,
    flow: () => queue.flows.at(-1)?.maxOutstanding,
    async stop() {
      const closed = consumer.close({ timeout: "0ms" });
      await clock.advance("60s");
      await closed;
      await run;
    },
  };
}

const passed = async (clock: VirtualClock, ms: number): Promise<void> =>
  await new Promise((resolve) => {
    clock.setTimer(resolve, ms);
  });

test("a broker that pushes is allowed two round trips of work ahead, as its acknowledgements measure them", async () => {
  const { flow, track, stop } = await pushing({ ackMs: 10 });
  expect(track.done).toBeGreaterThan(1_000);
  // The rate is two per millisecond. The flow is told again when it changed by a fifth.
  expect(flow()).toBeGreaterThan((AT_FIRST + 40) * 0.8);
  expect(flow()).toBeLessThanOrEqual((AT_FIRST + 40) * 1.2);
  await stop();
});

test("how long an ask takes says nothing of the round trip: messages come by themselves", async () => {
  const { flow, stop } = await pushing({ ackMs: 0, askMs: 10 });
  expect(flow()).toBe(AT_FIRST);
  await stop();
});

test("nor does an acknowledgement that no message got", async () => {
  const answer = (handles: readonly string[]): readonly ItemResult[] =>
    handles.map(() => ({ ok: false, error: refused }));
  const { flow, stop } = await pushing({ ackMs: 10, answer });
  expect(flow()).toBe(AT_FIRST);
  await stop();
});

test("it is allowed a thousand at most, and no more than a quarter of a lease of work", async () => {
  const far = await pushing({ ackMs: 400 });
  expect(far.flow()).toBe(AT_FIRST + 1_000);
  await far.stop();
  const short = await pushing({ ackMs: 400, leaseMs: 1_000 });
  expect(short.flow()).toBeGreaterThan((AT_FIRST + 500) * 0.8);
  expect(short.flow()).toBeLessThanOrEqual((AT_FIRST + 500) * 1.2);
  await short.stop();
});

test("handlers that stand still are given no more ahead, although none of them ends an ask", async () => {
  const { clock, flow, track, queue, stop } = await pushing({
    ackMs: 10,
    handlerMs: (id) => (Number(id.slice(1)) < 800 ? 2 : 3_600_000),
  });
  expect(track.now).toBe(AT_FIRST);
  expect(flow()).toBeGreaterThan(20);
  await clock.advance("20s");
  expect(flow()).toBeLessThanOrEqual(AT_FIRST * 1.25); // a flow that is a fifth lower would not be told
  expect(queue.leased).toBeLessThan(100);
  await stop();
});

test("what lay ready goes back when the consumer closes", async () => {
  const { queue, stop } = await pushing({ ackMs: 10 });
  expect(queue.leased).toBeGreaterThan(2 * AT_FIRST);
  await stop();
  expect(queue.leased).toBe(0);
});
