import type { HistoryEvent } from "./history-event.ts";
import type { RenewEvent } from "./history-index.ts";
import { byTime } from "./read-history.ts";

/** A delivery and its renewals, which grow here. */
export interface Renewed {
  readonly deliver: HistoryEvent<"deliver">;
  readonly renews: RenewEvent[];
}

/** A renewal of one delivery of a session, or its refusal, is one of all that were in hand when it was asked. */
export function shareRenewals(all: readonly Renewed[]): void {
  const groups = Map.groupBy(all, ({ deliver }) => leaseOf(deliver));
  groups.delete(undefined);
  for (const group of groups.values()) {
    const asked = new Map(
      group
        .flatMap(({ renews }) => renews)
        .map((event) => [event.op, event] as const)
        .toReversed(),
    );
    const told = group.flatMap(({ renews }) =>
      renews.filter(({ type }) => type === "renew.ok" || type === "renew.lost"),
    );
    for (const { deliver, renews } of group) {
      const others = told.filter((event) => {
        const since = asked.get(event.op) ?? event;
        return since.type === "renew.invoke" && since.t >= deliver.t && !renews.includes(event);
      });
      renews.push(...others);
      renews.sort(byTime);
    }
  }
}

function leaseOf({ proc, shared }: HistoryEvent<"deliver">): string | undefined {
  return shared === undefined ? undefined : `${proc}/${shared}`;
}
