/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** At once, in a microtask, or in a later turn. */
export async function laterAtRandom<Value>(random: () => number, work: () => Promise<Value>): Promise<Value> {
  const draw = random();
  if (draw < 0.4) return await work();
  if (draw < 0.7) await Promise.resolve();
  else await new Promise((resolve) => setImmediate(resolve));
  return await work();
}
