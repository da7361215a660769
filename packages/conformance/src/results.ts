import type { Capabilities, Limits } from "@anyqueue/core/adapter";
import type { Need, TargetFacts } from "./needs.ts";

/**
 * `passed`: the case itself · `negative`: a capability is absent and the negative twin passed · `known-gap`:
 * failed as the harness had announced · `not-applicable`: the harness lacks a hook and says why.
 */
export type CaseOutcome = "passed" | "negative" | "failed" | "known-gap" | "not-applicable";

/** The result of one case. */
export interface CaseResult {
  /** `"SETL-06"`. */
  readonly id: string;
  /** The claim. */
  readonly title: string;
  /** The rule of the driver contract on which it rests. */
  readonly rule: string;
  /** What it needs from a target. */
  readonly needs: readonly Need[];
  /** Whether it held. */
  readonly outcome: CaseOutcome;
  /** Needs that the target lacks; the negative twin of the first ran. */
  readonly missing: readonly Need[];
  /** Why it failed, or why it does not apply. */
  readonly reason?: string;
  /** The error with which it rejected. */
  readonly error?: unknown;
  /** How long it took, in milliseconds of real time. */
  readonly durationMs: number;
}

/** All results of one target. */
export interface TargetResults {
  /** Name of the harness. */
  readonly target: string;
  /** How many cases themselves passed. */
  readonly passed: number;
  /** How many failed, known gaps included. */
  readonly failed: number;
  /** How many were refused as they must be. */
  readonly negative: number;
  /** Each case, in the order of the suite. */
  readonly cases: readonly CaseResult[];
  /** What the target can do. */
  readonly facts: TargetFacts;
}

export function summarise(target: string, facts: TargetFacts, cases: readonly CaseResult[]): TargetResults {
  const count = (...outcomes: readonly CaseOutcome[]): number =>
    cases.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    target,
    passed: count("passed"),
    failed: count("failed", "known-gap"),
    negative: count("negative"),
    cases,
    facts,
  };
}

/** The published results. They have no durations or texts, so that equal results are equal files. */
export interface PublishedResults {
  /** Name of the harness. */
  readonly target: string;
  /** How many cases themselves passed. */
  readonly passed: number;
  /** How many failed, known gaps included. */
  readonly failed: number;
  /** How many were refused as they must be. */
  readonly negative: number;
  /** Each case, in the order of the suite. */
  readonly cases: readonly {
    readonly id: string;
    readonly outcome: CaseOutcome;
    /** Why a case does not apply. */
    readonly reason?: string;
  }[];
  /** What the target can do. */
  readonly capabilities: Capabilities;
  /** The limits of the target. */
  readonly limits: Limits;
}

/** Plain data; values that JSON cannot express are text. */
export function publishable({
  target,
  passed,
  failed,
  negative,
  cases,
  facts,
}: TargetResults): PublishedResults {
  const sorted = cases.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return {
    target,
    passed,
    failed,
    negative,
    cases: sorted.map(({ id, outcome, reason }) => ({
      id,
      outcome,
      ...(outcome === "not-applicable" && reason !== undefined ? { reason } : {}),
    })),
    capabilities: facts.capabilities,
    limits: facts.limits,
  };
}

/** For `JSON.stringify`: keeps numbers and patterns that JSON would lose. */
export function publishValue(_key: string, value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY) return "unlimited";
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(", ");
  return value instanceof RegExp ? value.source : value;
}

const MARKS: Readonly<Record<CaseOutcome, string>> = {
  passed: "●",
  negative: "○",
  failed: "✗",
  "known-gap": "!",
  "not-applicable": "·",
};

/** A table for terminals: one line per group, one mark per case, one column per target. */
export function formatMatrix(targets: readonly TargetResults[]): string {
  const groups = [...new Set(targets.flatMap(({ cases }) => cases.map(({ id }) => groupOf(id))))];
  const rows = groups.map((group) => [
    group,
    ...targets.map(({ cases }) =>
      cases
        .filter(({ id }) => groupOf(id) === group)
        .map(({ outcome }) => MARKS[outcome])
        .join(""),
    ),
  ]);
  const header = ["", ...targets.map(({ target }) => target)];
  const totals = [
    "",
    ...targets.map((t) => `${t.passed} passed, ${t.negative} negative, ${t.failed} failed`),
  ];
  const table = [header, ...rows, totals];
  const widths = header.map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - cell.length)))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, "● passed  ○ refused as it should be  ✗ failed  ! known gap  · not applicable"].join(
    "\n",
  );
}

function groupOf(id: string): string {
  return id.slice(0, id.indexOf("-"));
}
