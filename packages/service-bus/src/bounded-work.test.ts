import { expect, test, vi } from "vitest";
import { BoundedWork } from "./bounded-work.ts";

const never = new Promise<never>(() => {});
const bounded = (): BoundedWork =>
  new BoundedWork((signal) => new Error(`given up: ${String(signal.reason)}`));

test("comes to what the work comes to", async () => {
  const work = bounded();
  const { signal } = new AbortController();
  expect(await work.run(Promise.resolve(1), signal)).toBe(1);
  await expect(work.run(Promise.reject(new Error("no")), undefined)).rejects.toThrow("no");
});

test("ends with its signal, and leaves those of other signals alone", async () => {
  const work = bounded();
  const [one, other] = [new AbortController(), new AbortController()];
  const [first, second] = [work.run(never, one.signal), work.run(never, one.signal)];
  const apart = work.run(Promise.resolve("here"), other.signal);
  one.abort("late");
  await expect(first).rejects.toThrow("given up: late");
  await expect(second).rejects.toThrow("given up: late");
  expect(await apart).toBe("here");
  await expect(work.run(never, one.signal)).rejects.toThrow("given up: late");
});

test("ends whatever its signal when all fails", async () => {
  const work = bounded();
  const { signal } = new AbortController();
  const all = [work.run(never, signal), work.run(never, undefined)];
  work.failAll(new Error("cut"));
  for (const each of all) await expect(each).rejects.toThrow("cut");
  expect(await work.run(Promise.resolve("again"), signal)).toBe("again");
});

test("listens once for all that share a signal, and no longer than they wait", async () => {
  const work = bounded();
  const { signal } = new AbortController();
  const [add, remove] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const all = gates.map(({ promise }) => work.run(promise, signal));
  expect(add).toHaveBeenCalledTimes(1);
  for (const { resolve } of gates) resolve();
  await Promise.all(all);
  expect(remove).toHaveBeenCalledTimes(1);
});

test("calls back once, whatever comes later", async () => {
  const work = bounded();
  const { signal } = new AbortController();
  const late = Promise.withResolvers<string>();
  const heard: unknown[] = [];
  const hear = (what: unknown): void => void heard.push(what);
  work.follow(late.promise, signal, hear, hear);
  work.failAll("cut");
  late.resolve("late");
  await late.promise;
  expect(heard).toEqual(["cut"]);
});
