import type { Bench } from "./bench.ts";
import type { Need } from "./needs.ts";

/** `driver`: against the contract · `portable`: through the public API · `both`. */
export type CaseLevel = "driver" | "portable" | "both";

/** Something that only some harnesses have. */
export type Hook = "foreign" | "denied";

/** One claim that every adapter must prove, as data. */
export interface ConformanceCase {
  /** Stable, `"SETL-06"`; never renumbered, never reused. */
  readonly id: string;
  /** The claim. */
  readonly title: string;
  /** The rule of the driver contract that it rests on: `"D2"`. */
  readonly rule: string;
  /** What it goes through. */
  readonly level: CaseLevel;
  /** All must be met, else the negative twin runs. */
  readonly needs: readonly Need[];
  /** What the harness must have besides; one that lacks it says why. @default none */
  readonly hooks?: readonly Hook[];
  /** `slow`: more than a second of real time against a broker behind a socket. */
  readonly tags?: readonly "slow"[];
  /** Proves the claim; rejects where it does not hold. */
  run(bench: Bench): Promise<void>;
  /** The negative twin where the refusal of the missing need alone would prove too little. */
  otherwise?(bench: Bench, missing: Need): Promise<void>;
}

/** Names the group that all ids of a file share. */
export function caseGroup(prefix: string, cases: readonly ConformanceCase[]): readonly ConformanceCase[] {
  const stray = cases.find(({ id }) => !id.startsWith(`${prefix}-`));
  if (stray !== undefined) throw new Error(`case ${stray.id} stands in group ${prefix}`);
  return Object.freeze([...cases]);
}
