// Property tests go the same way every time: a failure is one of the change, not of the day.
// `ANYQUEUE_PROPERTY_SEED=random pnpm vitest run …` looks elsewhere, a number where that failed.

import fc from "fast-check";

const wanted = process.env["ANYQUEUE_PROPERTY_SEED"] ?? "1";
if (wanted !== "random") {
  const seed = Number(wanted);
  if (!Number.isSafeInteger(seed)) {
    throw new TypeError(`ANYQUEUE_PROPERTY_SEED is an integer or "random", got ${JSON.stringify(wanted)}`);
  }
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
