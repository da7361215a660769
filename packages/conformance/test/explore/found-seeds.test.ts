import { expect, test } from "vitest";
import { exploreSeed } from "../../src/explore/explore-seed.ts";
import { memoryBroker } from "./memory-broker.ts";
import { mute } from "./mute-broker.ts";
import { outcomeOf } from "./outcome-of.ts";
import { plain } from "./plain-broker.ts";

/** Seeds that once showed a defect of the engine, the broker or the checker, with a description of it. */
const FIXTURES: readonly (readonly [seed: number, what: string])[] = [
  [4_330, "a message that the service itself dead-letters holds up no follower"],
  [3_015_680, "the same although a consumer had wanted to give it up, and was refused"],
  [2_942, "an ack whose answer was lost may be counted as handled"],
  [62, "a handler that was told to stop has given up its slot"],
  [54, "a dead letter is gone from its key before its answer is here"],
  [1_000_282, "a renewal whose answer was late counts from when it was asked for"],
  [1_008_403, "the same, behind an ack without an answer"],
  [1_015_857, "a consumer need not count what is confirmed after its lease has run out"],
  [1_016_116, "an ack of what this process had handled before may be the one that took effect"],
  [1_001_762, "what comes again after a standstill, while its ack has no answer, is acked"],
  [1_005_776, "the same, where the ask went out after the standstill"],
  [1_010_471, "a dead letter of an earlier delivery that is lost says nothing about the message"],
  [1_000_859, "a consumer that ended by itself still reports what it had handled"],
  [2_001_807, "a message of a key may begin as the one before it expires"],
  [2_304_355, "a batch whose wait ends with a block has nothing that the block has cost"],
  [2_304_359, "what is iterated is not yielded behind such a block"],
  [3_000_759, "a dead letter may be moved back before it is confirmed"],
  [3_000_150, "two copies of a message may run in step after an unsure move"],
  [3_002_107, "a message that is moved back is not the failed one that its key waits for"],
  [3_002_143, "a dead letter that nobody heard of holds up no follower once it is moved back"],
  [3_002_198, "what is moved back is done later than all the rest"],
  [3_006_270, "a consumer reports no handler for a message that an application pulled and lost"],
  [3_006_519, "a handler that was told to stop while it extended its lease does stop"],
];

/** The same where the service has no dead letters of its own. */
const PLAIN_FIXTURES: readonly (readonly [seed: number, what: string])[] = [
  [2_410_274, "a copy whose maker closed before its answer came may be a second dead letter"],
  [3_001_017, "an ack without a run completes the dead letter that an earlier delivery copied"],
  [3_003_799, "a key goes on when a dead letter fails before the handler that was told to stop has ended"],
  [3_001_134, "an original holds up its key until it comes again, although its copy was moved back"],
  [4_000_927, "the same where nobody could read the message"],
  [4_002_344, "the same where another process runs the original, because the ack of its copy's maker failed"],
];

/** The same where the service takes late settlements without a word. */
const MUTED_FIXTURES: readonly (readonly [seed: number, what: string])[] = [
  [3_000_176, "a renewal that is confirmed when its lease is over says nothing of who else had the message"],
  [1_400_056, "an ack waits for no renewal that hangs, or that waits behind others that hang"],
  [2_002_075, "an ack that is taken when somebody else has the message does not end it"],
];

test.each(FIXTURES)("seed %i passes: %s", async (seed) => {
  expect(outcomeOf(await exploreSeed(seed, memoryBroker()))).toBe("pass");
});

test.each(PLAIN_FIXTURES)("seed %i passes on a plain service: %s", async (seed) => {
  expect(outcomeOf(await exploreSeed(seed, memoryBroker(plain)))).toBe("pass");
});

test.each(MUTED_FIXTURES)("seed %i passes where nothing is said of late settlements: %s", async (seed) => {
  expect(outcomeOf(await exploreSeed(seed, memoryBroker(mute), { lateAcks: true }))).toBe("pass");
});
