import { describe, expect, test } from "vitest";

import { createClient } from "../src/client/queue-client.ts";
import { isQueueError } from "../src/errors/queue-error.ts";
import { defineQueue } from "../src/message/queue-definition.ts";
import { seededRandom } from "../src/time/seeded-random.ts";
import { createVirtualClock } from "../src/time/virtual-clock.ts";
import { SpoiledService, type Spoiled } from "./spoiled-adapter.ts";
import { atFirst, changed, SPOILED } from "./spoils.ts";

const orders = defineQueue<number>("orders", { retry: { attempts: 3, delay: "1s" } });

interface Outcome {
  readonly unsettled: readonly string[];
  readonly ackedUndone: readonly string[];
  readonly foreign: readonly unknown[];
  readonly errors: readonly unknown[];
}

/**
 * Sends, consumes, pulls and closes. Whatever the adapter does: every call settles, every error is ours, and
 * nothing is acked that no handler has done. That nothing ends the process, Vitest itself checks.
 */
async function work(spoiled: Spoiled): Promise<Outcome> {
  const clock = createVirtualClock();
  const service = new SpoiledService(clock, spoiled);
  const client = createClient("fake:", [service.provider], { clock });
  const errors: unknown[] = [];
  const unsettled = new Set<string>();
  const handled = new Set<string>();
  const begin = (name: string, call: () => Promise<unknown>): void => {
    unsettled.add(name);
    void (async () => await call())()
      .catch((error: unknown) => errors.push(...(error instanceof AggregateError ? error.errors : [error])))
      .finally(() => unsettled.delete(name));
  };
  const pull = async (signal?: AbortSignal): Promise<void> => {
    const messages = await client.consumer(orders).receive({ max: 1, wait: "5s", ...(signal && { signal }) });
    expect(messages.length).toBeLessThanOrEqual(1);
    for (const message of messages) {
      handled.add(message.id);
      await message.ack();
    }
  };
  for (let body = 0; body < 6; body += 1)
    begin(`send ${body}`, async () => await client.producer(orders).send(body, { id: `m-${body}` }));
  await clock.advance("1s");
  begin("run", async () => {
    await client.consumer(orders, { concurrency: 2 }).run(async ({ id, body }, { attempt }) => {
      await new Promise<void>((resolve) => void clock.setTimer(resolve, body === 3 ? 40_000 : 10));
      if (body === 1 && attempt === 1) throw new Error("again");
      if (body === 2) throw new Error("never");
      handled.add(id);
    });
  });
  await clock.advance("3m");
  const stop = new AbortController();
  begin("pull", async () => await pull());
  begin("pull until aborted", async () => await pull(stop.signal));
  await clock.advance("1s");
  stop.abort();
  await clock.advance("1m");
  begin("verify", async () => await client.verify(orders));
  await clock.advance("20s");
  begin("close", async () => await client.close({ timeout: "1s" }));
  await clock.advance("30s");
  return {
    unsettled: [...unsettled],
    ackedUndone: service.acked.filter((id) => !handled.has(id)),
    foreign: errors.filter((error) => !isQueueError(error)),
    errors,
  };
}

const GOOD = { unsettled: [], ackedUndone: [], foreign: [] };

describe("a bad adapter loses nothing, hangs nothing and ends no process", () => {
  test.each(SPOILED)("%s", async (_name, spoiled) => {
    expect(await work(spoiled)).toMatchObject(GOOD);
  });

  // More seeds: ANYQUEUE_BAD_ADAPTERS=5000.
  const random = seededRandom(1);
  const seeds = Number(process.env["ANYQUEUE_BAD_ADAPTERS"] ?? 100);
  const drawn = Array.from({ length: seeds }, () => {
    const three = [0, 1, 2].map(() => SPOILED[Math.floor(random() * SPOILED.length)]!);
    return [three.map(([name]) => name).join(", "), three.map(([, spoiled]) => spoiled)] as const;
  });
  test.each(drawn)("%s", async (_name, three) => {
    const spoiled = {
      spoils: Object.assign({}, ...three.map(({ spoils }) => spoils)),
      capabilities: Object.assign({}, ...three.map(({ capabilities }) => capabilities)),
      limits: Object.assign({}, ...three.map(({ limits }) => limits)),
      without: three.flatMap(({ without = [] }) => without),
    };
    expect(await work(spoiled)).toMatchObject(GOOD);
  });
});

test("after an ack that failed, a message without providerId is not taken for the one that it acked", async () => {
  const refused = { ok: false, error: new Error("down") };
  const spoils = {
    receiveBatch: () => changed((all) => all.map((one) => ({ ...one, providerId: undefined }))),
    ackBatch: () =>
      atFirst(async (_right, [handles]) => await Promise.resolve([handles].flat().map(() => refused)), 1),
  };
  expect(await work({ spoils })).toMatchObject(GOOD);
});

test("the error names the adapter and the rule", async () => {
  const { errors } = await work({ spoils: { sendBatch: () => changed((all) => all.slice(1)) } });
  expect(errors[0]).toMatchObject({
    code: "INTERNAL",
    ambiguous: true,
    provider: "fake",
    message: expect.stringContaining(
      'the adapter "fake" broke rule D2 of the driver contract: 5 results for 6 items of send',
    ),
  });
});
