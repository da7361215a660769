import type { Handover } from "../history-index.ts";
import { hasStarted, type Started } from "../what-was-done.ts";
import { judged, nanoseconds, type Finding, type Invariant } from "../invariant.ts";

export const boundedConcurrency: Invariant = {
  id: "I-15",
  title: "a consumer runs no more handlers, starts no more in a time, and holds no more leases than it may",
  check({ handovers }, { concurrency = Number.POSITIVE_INFINITY, prefetch, rateLimit }) {
    if (concurrency === Number.POSITIVE_INFINITY && rateLimit === undefined) {
      return { verdict: "info", findings: [{ text: "the run states no limit of concurrency" }] };
    }
    const byConsumer = Map.groupBy(handovers, ({ deliver }) => `${deliver.proc}/${deliver.consumer}`);
    const findings: Finding[] = [];
    for (const [consumer, held] of byConsumer) {
      const running = peak(held.filter(hasStarted).map((run) => [run.start.t, slotFreedAt(run)]));
      if (running > concurrency)
        findings.push({ text: `${consumer} ran ${running} handlers, allowed ${concurrency}` });
      const most = rateLimit === undefined ? 0 : mostIn(held.filter(hasStarted), rateLimit.perMs);
      if (rateLimit !== undefined && most > rateLimit.count) {
        const allowed = `allowed ${rateLimit.count}`;
        findings.push({
          text: `${consumer} started ${most} handlers within ${rateLimit.perMs} ms, ${allowed}`,
        });
      }
      if (prefetch === undefined) continue;
      const leases = peak(leasesOf(held));
      const allowed = concurrency + prefetch;
      if (leases > allowed) findings.push({ text: `${consumer} held ${leases} leases, allowed ${allowed}` });
    }
    return judged(findings);
  },
};

/** The most starts within a span, which does not contain its own end. */
function mostIn(runs: readonly Started[], perMs: number): number {
  const starts = runs.map(({ start }) => start.t).toSorted((a, b) => a - b);
  const counts = starts.map((from, at) => {
    // Events of one millisecond are a nanosecond apart.
    const until = from + nanoseconds(perMs) - nanoseconds(1);
    const end = starts.findIndex((t) => t > until);
    return (end === -1 ? starts.length : end) - at;
  });
  return Math.max(0, ...counts);
}

/** A run that was told to stop gives up its slot, since it may never end. */
function slotFreedAt({ abort, end }: Started): number {
  return Math.min(abort?.t ?? Number.POSITIVE_INFINITY, end?.t ?? Number.POSITIVE_INFINITY);
}

/** The settlement begins when the handler ends, though its request may wait for others before it goes out. */
function releasedAt({ end, settles, leaseEnd }: Handover): number {
  const endedAt = end?.t ?? Number.POSITIVE_INFINITY;
  return Math.min(endedAt, settles[0]?.t ?? Number.POSITIVE_INFINITY, leaseEnd);
}

/** If a consumer gets a message again while it holds it, that is one lease that continues. */
function leasesOf(held: readonly Handover[]): readonly (readonly [number, number])[] {
  return [...Map.groupBy(held, ({ deliver }) => deliver.bid).values()].flatMap((same) =>
    same
      .toSorted((a, b) => a.deliver.t - b.deliver.t)
      .map((one, at, all) => [one.deliver.t, Math.min(releasedAt(one), all[at + 1]?.deliver.t ?? Infinity)]),
  );
}

/** The highest number of overlapping intervals; an interval may have no end. */
function peak(intervals: readonly (readonly [number, number | undefined])[]): number {
  const steps = intervals.flatMap(([from, to]) => [
    { t: from, by: 1 },
    { t: to ?? Number.POSITIVE_INFINITY, by: -1 },
  ]);
  let now = 0;
  let most = 0;
  // At equal times, ends come first: a freed slot may be used at once.
  for (const { by } of steps.toSorted((a, b) => a.t - b.t || a.by - b.by)) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}
