// Property tests use the same seed every time, so that a failure comes from the change and not from chance.
// `ANYQUEUE_PROPERTY_SEED=random pnpm vitest run …` uses a random seed, a number repeats a failed run.

import fc from "fast-check";

// Where a test says how long its lists may get, they do get that long. By default they end at ten items: what
// begins with the eleventh, such as a second request of a batch, was never met.
fc.configureGlobal({ ...fc.readConfigureGlobal(), defaultSizeToMaxWhenMaxSpecified: true });

const wanted = process.env["ANYQUEUE_PROPERTY_SEED"] ?? "1";
if (wanted !== "random") {
  const seed = Number(wanted);
  if (!Number.isSafeInteger(seed)) {
    throw new TypeError(`ANYQUEUE_PROPERTY_SEED is an integer or "random", got ${JSON.stringify(wanted)}`);
  }
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
