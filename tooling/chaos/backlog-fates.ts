import type { BacklogContents } from "./backlog-contents.ts";
import { ACKED, HANDLED, type Fates } from "./backlog-plan.ts";

/** Compares, message by message, what a consumer reports with what the service holds. */
export function fatesOf(marks: Uint8Array, { there, deadLetters }: BacklogContents): Fates {
  const isThere = new Uint8Array(marks.length);
  for (const number of there) isThere[number] = 1;
  let lost = 0;
  let undone = 0;
  for (const [number, mark] of marks.entries()) {
    if (isThere[number] === 0 && (mark & HANDLED) === 0) lost += 1;
    if (isThere[number] === 1 && (mark & ACKED) !== 0) undone += 1;
  }
  return { left: there.length, lost, undone, deadLetters };
}
