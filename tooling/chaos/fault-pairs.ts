import type { FaultKind } from "./cell.ts";

/** Names of faults that occur together. */
const PAIRS: readonly (readonly [string, string])[] = [
  ["cut", "server-busy"],
  ["lost-response", "consumer-killed"],
  ["slow", "throttled"],
  ["black-hole", "terminated"],
  ["lease-expired", "server-busy"],
  ["refuse", "wall-clock"],
  ["credentials-expired", "cut"],
];

/** Two faults at once, for every provider and phase that both have. */
export function pairsOf(kinds: readonly FaultKind[]): readonly FaultKind[] {
  return PAIRS.flatMap(([first, second]) => {
    const others = kinds.filter(({ name }) => name === second);
    return kinds.filter(({ name }) => name === first).flatMap((one) => others.map((two) => pairOf(one, two)));
  });
}

function pairOf(one: FaultKind, two: FaultKind): FaultKind {
  const forMs = Math.max(one.forMs ?? 0, two.forMs ?? 0);
  const recoveryMs = Math.max(one.recoveryMs ?? 0, two.recoveryMs ?? 0);
  return {
    name: `${one.name}+${two.name}`,
    rows: ["F-36"],
    blursLeases: true,
    stages: one.stages.filter((stage) => two.stages.includes(stage)),
    phases: one.phases.filter((phase) => two.phases.includes(phase)),
    ...(forMs === 0 ? {} : { forMs }),
    ...(recoveryMs === 0 ? {} : { recoveryMs }),
    begin: async (arena) => {
      await one.begin(arena);
      await two.begin(arena);
    },
    end: async (arena) => {
      await one.end?.(arena);
      await two.end?.(arena);
    },
  };
}
