import { expect, test } from "vitest";

import { Epochs } from "./epochs.ts";

/** Tells which of the promises are resolved by now. */
async function resolved(...promises: Promise<void>[]): Promise<boolean[]> {
  await Promise.resolve();
  await Promise.resolve();
  return await Promise.all(
    promises.map(async (promise) => await Promise.race([promise.then(() => true), Promise.resolve(false)])),
  );
}

test("with nothing pending sealing resolves at once", async () => {
  const epochs = new Epochs();
  await epochs.seal();
  expect(epochs.isFlushing).toBe(false);
});

test("a later epoch waits for the earlier ones", async () => {
  const epochs = new Epochs();
  const old = epochs.enter();
  const first = epochs.seal();
  const young = epochs.enter();
  const second = epochs.seal();
  epochs.leave(young);
  expect(await resolved(first, second)).toEqual([false, false]);
  expect(epochs.isFlushing).toBe(true);
  epochs.leave(old);
  await Promise.all([first, second]);
  expect(epochs.isFlushing).toBe(false);
});

test("what enters after sealing is not waited for", async () => {
  const epochs = new Epochs();
  const old = epochs.enter();
  const sealed = epochs.seal();
  epochs.enter();
  epochs.leave(old);
  await expect(sealed).resolves.toBeUndefined();
});

test("sealing with nothing new waits for what was sealed before", async () => {
  const epochs = new Epochs();
  const old = epochs.enter();
  const first = epochs.seal();
  const second = epochs.seal();
  expect(await resolved(second)).toEqual([false]);
  epochs.leave(old);
  await Promise.all([first, second]);
});

test("an epoch that empties before it is sealed resolves at once", async () => {
  const epochs = new Epochs();
  epochs.leave(epochs.enter());
  await expect(epochs.seal()).resolves.toBeUndefined();
});
