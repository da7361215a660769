import type { Bench } from "./bench.ts";
import type { Need } from "./needs.ts";

/** `driver`: tests the contract · `portable`: tests the public API · `both`. */
export type CaseLevel = "driver" | "portable" | "both";

/** Something that only some harnesses have. */
export type Hook = "foreign" | "denied";

/** One claim that every adapter must prove, as data. */
export interface ConformanceCase {
  /** Stable, such as `"SETL-06"`; never renumbered, never reused. */
  readonly id: string;
  /** The claim. */
  readonly title: string;
  /** The rule of the driver contract on which it rests: `"D2"`. */
  readonly rule: string;
  /** The level that it tests. */
  readonly level: CaseLevel;
  /** The target must meet all of them, or else the negative twin runs. */
  readonly needs: readonly Need[];
  /** What the harness must offer as well; a harness without it says why. @default none */
  readonly hooks?: readonly Hook[];
  /** `slow`: more than a second of real time against a broker behind a socket. */
  readonly tags?: readonly "slow"[];
  /** Proves the claim; rejects if it does not hold. */
  run(bench: Bench): Promise<void>;
  /** The negative twin, if the refusal of the missing need alone would prove too little. */
  otherwise?(bench: Bench, missing: Need): Promise<void>;
}

/** The cases of one file; all ids must start with the group's prefix. */
export function caseGroup(prefix: string, cases: readonly ConformanceCase[]): readonly ConformanceCase[] {
  const stray = cases.find(({ id }) => !id.startsWith(`${prefix}-`));
  if (stray !== undefined) throw new Error(`case ${stray.id} stands in group ${prefix}`);
  return Object.freeze([...cases]);
}
