/**
 * Returns numbers in [0, 1) that depend on the seed alone, for repeatable tests; never for ids.
 * Mulberry32, by Tommy Ettinger, in the public domain: 32 bits of state are plenty for choosing.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
