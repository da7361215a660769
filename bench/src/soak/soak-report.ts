import { short, table } from "../report/tables.ts";
import { growthPerMessage } from "./growth.ts";
import type { Counts, Sample } from "./messages.ts";

/** The most heap that may remain per message. None should, but a heap cannot be measured to the byte. */
const MOST_BYTES_PER_MESSAGE = 2;

/** The result of one provider. */
export interface SoakRow extends Counts {
  readonly provider: string;
  readonly lost: number;
  readonly heapBytesPerMessage: number;
  /** Resident memory at the end of the first third, and at the end. */
  readonly rssMb: readonly [number, number];
  readonly verdict: "pass" | "fail";
  /** The samples from which the growth is computed. */
  readonly samples: readonly Sample[];
}

/** The content of `docs/reference/soak.json`. */
export interface SoakReport {
  readonly date: string;
  readonly minutes: number;
  /** Messages per second on each provider. */
  readonly rate: number;
  readonly rows: readonly SoakRow[];
}

export function judgeSoak(provider: string, counts: Counts, samples: readonly Sample[]): SoakRow {
  const lost = counts.sent - counts.handled;
  const heapBytesPerMessage = growthPerMessage(samples);
  const isFlat = heapBytesPerMessage <= MOST_BYTES_PER_MESSAGE;
  const settled = samples[Math.floor(samples.length / 3)];
  return {
    provider,
    ...counts,
    lost,
    heapBytesPerMessage: Number(heapBytesPerMessage.toFixed(2)),
    rssMb: [megabytes(settled), megabytes(samples.at(-1))],
    verdict: lost === 0 && counts.doubled === 0 && counts.sent > 0 && isFlat ? "pass" : "fail",
    samples,
  };
}

export function soakTable(rows: readonly SoakRow[]): string {
  return table(
    ["provider", "sent", "handled", "twice", "lost", "heap B/message", "RSS MB", "verdict"],
    rows.map(({ provider, sent, handled, doubled, lost, heapBytesPerMessage, rssMb, verdict }) => [
      provider,
      ...[sent, handled, doubled, lost].map((count) => count.toLocaleString("en-US")),
      short(heapBytesPerMessage),
      rssMb.join(" to "),
      verdict,
    ]),
  );
}

function megabytes(sample: Sample | undefined): number {
  return Math.round((sample?.rssBytes ?? Number.NaN) / 1_000_000);
}
