/** Does the work at once, in a microtask, or in a later turn. */
export async function laterAtRandom<Value>(random: () => number, work: () => Promise<Value>): Promise<Value> {
  const draw = random();
  if (draw < 0.4) return await work();
  if (draw < 0.7) await Promise.resolve();
  else await new Promise((resolve) => setImmediate(resolve));
  return await work();
}
